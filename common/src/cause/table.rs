//! The rows of the table of causes.

pub(super) struct CauseRow {
    pub(super) cause: Cause,
    pub(super) name: &'static str,
    pub(super) kind: super::CauseKind,
    pub(super) sentence: &'static str,
    pub(super) lantalk: &'static str,
}

macro_rules! causes {
    ($( $cause:ident $name:literal $kind:expr, $sentence:literal $(, lantalk $lantalk:literal)?; )+) => {
        /// The reason for a refusal, or a change.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "the sentence in the table explains each cause")]
        pub enum Cause { $( $cause, )+ }

        pub(super) static TABLE: &[CauseRow] = &[ $( CauseRow {
            cause: Cause::$cause, name: $name, kind: $kind, sentence: $sentence, lantalk: concat!($($lantalk)?),
        }, )+ ];
    };
}

use super::CauseKind::{BareRefusal, Line, Refusal, State};

causes! {
    // Changes for the reader.
    Entered "entered" State, "You are in {room} now";
    InNoRoom "in_no_room" State, "You are in no room now. /join ROOM takes you into one.";
    LeftRoom "left_room" State, "You left {room}";
    Goodbye "goodbye" State, "Goodbye!";
    Kicked "kicked" State, "You have been kicked.";
    Banned "banned" State, "You have been banned.";
    SlowDown "slow_down" State, "⚠ Slow down — you're sending too fast.";
    IdleWarning "idle_warning" State,
        "You have been silent for long. In {seconds} s you are signed out; type anything to stay.";
    Idle "idle" State, "Idle timeout — disconnecting.";
    Stopping "stopping" State, "The server is shutting down.";
    Queued "queued" State, "{user} is offline. Message queued for delivery.";
    PrivateAsked "private_asked" State, "Connection request sent to {user}";
    PrivateAsks "private_asks" State, "{user} wants an off-the-record chat. /accept {user} or /reject {user}";
    PrivateDeclined "private_declined" State, "Rejected private request from {user}";
    PrivateOver "private_over" State, "Private connection with {user} ended";
    PrivateUnavailable "private_unavailable" State, "{user} is no longer available for private chat";
    DirectAsked "direct_asked" State, "Encrypted chat request sent to {user}";
    DirectDeclined "direct_declined" State, "Rejected encrypted chat request from {user}";
    DirectUnavailable "direct_unavailable" State, "{user} is no longer available for an encrypted chat";
    Blocked "blocked" State, "{user} is blocked";
    Unblocked "unblocked" State, "{user} is unblocked";
    Forgotten "forgotten" State, "{count} message{s} removed from the history.";
    ResumedElsewhere "resumed_elsewhere" State, "This session goes on over another connection.";
    LinesLost "lines_lost" State, "{count} message{s} for you could not be kept while you had no connection.";
    NotSupported "not_supported" State, "not supported here";
    ServerPasswordFirst "server_password_first" State, "first this server's password";
    AccountMade "account_made" State,
        "{user} is your account now. Sign in with its password from now on.";
    PasswordChanged "password_changed" State, "Your password is changed. Sign in with the new one from now on.";
    PasswordReset "password_reset" State,
        "The operator of this server has set a new password for your account. Sign in with it.";
    QuestionsCancelled "questions_cancelled" State,
        "Nothing was changed. The questions are over: what you type now is talk again.";
    QuestionsOver "questions_over" State, "The questions are over: what you type now is talk again.";
    TalkHeld "talk_held" State, "For {seconds} s what you type is not said, in case it is a password.";
    // Who runs a room, and its rules.
    TopicSet "topic_set" State, "{by} set the topic of {room}: {word}";
    TopicRemoved "topic_removed" State, "{by} removed the topic of {room}";
    Topic "topic" State, "Topic of {room}: {word}";
    UserKicked "user_kicked" State, "{by} took {user} out of {room}";
    KickedFromRoom "kicked_from_room" State, "{by} took you out of {room}{word}{time}";
    UserMuted "user_muted" State, "{by} muted {user} in {room}{time}";
    UserUnmuted "user_unmuted" State, "{by} lets {user} speak in {room} again";
    UserBanned "user_banned" State, "{by} banned {user} from {room}{time}";
    MutedAhead "muted_ahead" State, "No user {user} is here. The mute in {room} holds{time} if one comes";
    BannedAhead "banned_ahead" State, "No user {user} is here. The ban from {room} holds{time} if one comes";
    OneName "one_name" State, "{user} and {word} are one name: this replaces what was set for {word}";
    GuestReturns "guest_returns" State,
        "{user} may return as a guest of another name. /doors closed keeps newcomers out of the server";
    GuestReturnsHere "guest_returns_here" State,
        "{user} may return as a guest of another name. /open off lets only invited users enter {room}";
    UserUnbanned "user_unbanned" State, "{by} lifted the ban of {user} from {room}";
    OwnerMade "owner_made" State, "{by} made {user} an owner of {room}";
    OwnerRemoved "owner_removed" State, "{by} took the ownership of {room} from {user}";
    Invited "invited" State, "{by} invites you to {room}: /join {room} takes you in";
    InvitationSent "invitation_sent" State, "{user} may enter {room} now";
    RoomOpened "room_opened" State, "{by} opened {room} to all users";
    RoomClosed "room_closed" State, "{by} closed {room}: only invited users may enter";
    KeySet "key_set" State, "{by} set a key word for {room}";
    KeyRemoved "key_removed" State, "{by} removed the key word of {room}";
    SlowOn "slow_on" State, "{by} slowed {room}: one message of each user every {seconds} s";
    SlowOff "slow_off" State, "{by} ended slow mode in {room}";
    RoomQuiet "room_quiet" State,
        "{room} is quiet: only owners and users with the floor speak. /hand raises your hand";
    RoomSlow "room_slow" State, "{room} is slow: one message every {seconds} s";
    QuietOn "quiet_on" State,
        "{by} made {room} quiet: only owners and users with the floor speak. /hand raises your hand";
    QuietOff "quiet_off" State, "{by} lets all users speak in {room}";
    FloorGiven "floor_given" State, "{by} gives {user} the floor in {room}{time}";
    FloorTaken "floor_taken" State, "{by} took the floor in {room} back from {user}";
    HandRaised "hand_raised" State, "{user} raises a hand in {room}: {word}";
    HandUp "hand_up" State, "Your hand is up in {room}; {count} before you. /hand takes it down";
    HandDown "hand_down" State, "Your hand is down in {room}";
    Pinned "pinned" State, "{by} pinned in {room}: {user}: {word}";
    Unpinned "unpinned" State, "{by} unpinned the message in {room}";
    Pin "pin" State, "Pinned in {room}: {user}: {word}";
    ServerOwned "server_owned" State, "You are an owner of this server now{word}. /help lists what you can do";
    WhispersOwners "whispers_owners" State,
        "{by}: guests may write to owners only. /whispers all of an owner lifts this";
    WhispersAll "whispers_all" State, "{by}: guests may write to all users again";
    DoorsShut "doors_shut" State,
        "{by} closed the doors: no newcomers to this server; users who were inside may come back";
    DoorsOpen "doors_open" State, "{by} opened the doors of this server";
    UserExpelled "user_expelled" State, "{by} banned {user} from this server{time}";
    UserReadmitted "user_readmitted" State, "{by} lifted the ban of {user} from this server";

    // What users tell of themselves.
    AwaySet "away_set" State, "You are away: {word}. /away alone, or your next message, ends that";
    HereAgain "here_again" State, "You are here again";
    UserAway "user_away" State, "{user} is away: {word}";

    Registered "registered" Line, "Registration successful. You can login now.";

    // Signing in.
    AlreadyHere "already_here" Line, "This alias is already logged in", lantalk "Username already taken.";
    // To the letter, since Chat77's clients compare it. The text door explains it in the next `INFO:` line.
    InvalidMode "invalid_mode" BareRefusal, "Invalid auth mode";
    CredentialsRequired "credentials_required" BareRefusal, "Alias and password are required";
    WrongPassword "wrong_password" BareRefusal, "Invalid alias or password", lantalk "Wrong password.";
    WrongServerPassword "wrong_server_password" Refusal(403), "Wrong server password.", lantalk "Wrong password.";
    ServerPasswordNeeded "server_password_needed" Refusal(403),
        "This server has a password.", lantalk "Wrong password.";
    HowToSignIn "how_to_sign_in" Refusal(400),
        "Sign in with NAME_ROOM, for example alice_lobby, or with REGISTER or LOGIN.", lantalk "Invalid username.";
    NameTaken "name_taken" Refusal(403),
        "That name (or one that looks like it) is taken. Choose another.", lantalk "Username already taken.";
    NameOfServer "name_of_server" Refusal(403),
        "That is the server's own name. Choose another.", lantalk "Username already taken.";
    NameRegistered "name_registered" Refusal(403),
        "{user} is a registered name. Sign in, or choose another.", lantalk "Username already taken.";
    AliasTaken "alias_taken" Refusal(403),
        "That name (or one that looks like it) is registered already. Choose another.";
    NameKept "name_kept" Refusal(403),
        "{user} is reserved{time}: its last user may come back. Choose another name.",
        lantalk "Username already taken.";
    NameReserved "name_reserved" Refusal(403),
        "\"{user}\" cannot be a name; choose another", lantalk "Username already taken.";
    NameEmpty "name_empty" Refusal(400), "A name needs at least one letter or digit.", lantalk "Invalid username.";
    NameTooLong "name_too_long" Refusal(400),
        "That name is too long (at most {count} characters).", lantalk "Invalid username.";
    NameBad "name_bad" Refusal(400), "A name has only letters, digits, _ and -.", lantalk "Invalid username.";
    RoomNameBad "room_name_bad" Refusal(400), "A room name has only letters, digits, / and -.";
    RoomNameReserved "room_name_reserved" Refusal(400), "That room name is reserved. Choose another.";
    PasswordLength "password_length" Refusal(400),
        "A password needs {count} to 72 characters (letters beyond ASCII count more). Nothing has changed.";
    PasswordUnusable "password_unusable" Refusal(400),
        "A password cannot have a NUL character or more than 72 bytes. Nothing has changed.";
    PasswordUnchecked "password_unchecked" Refusal(500),
        "The password could not be checked or set; nothing has changed. Try again, or tell the operator of this server.";
    Locked "locked" Refusal(403), "Too many failed passwords for this name. Try again in {seconds} s.";
    AddressPasswords "address_passwords" Refusal(403),
        "Too many wrong passwords from your address. Try again in {seconds} s.";
    AddressSignIns "address_sign_ins" Refusal(429), "Too many sign-ins from your address. Try again in {seconds} s.";
    AddressAccounts "address_accounts" Refusal(429),
        "Too many new accounts or passwords from your address. Try again in {seconds} s.";
    AddressBusy "address_busy" Refusal(503), "Too many users are signing in from your address. Try again in a moment.";
    HashesBusy "hashes_busy" Refusal(503), "Too many users are signing in. Try again in a moment.";
    AccountAlready "account_already" Refusal(403), "{user} is an account already. /password changes its password.";
    NoAccount "no_account" Refusal(403),
        "You are a guest, without a password. /register makes an account of your name.";
    WrongOldPassword "wrong_old_password" Refusal(403), "That is not your present password. Nothing was changed.";
    PasswordsDiffer "passwords_differ" Refusal(400), "The two new passwords differ. Nothing was changed.";
    PasswordNotStored "password_not_stored" Refusal(500),
        "The new password could not be stored; the present one stays. Try again, or tell the operator of this server.";
    NoQuestionsHere "no_questions_here" Refusal(400),
        "This client cannot be asked for a password. Use landline, nc, or a command object.";
    BehindQuestions "behind_questions" Refusal(400),
        "Not sent: it came right behind /register or /password and may be a password. Type it again in a few seconds.";
    AccountsFull "accounts_full" Refusal(503), "This server takes no more accounts. Join as a guest.";
    AccountNotStored "account_not_stored" Refusal(500),
        "The account could not be stored. Try again, or tell the operator of this server.";
    SignInTooLong "sign_in_too_long" Refusal(403), "Signing in took too long. Connect again.";
    AddressBanned "address_banned" Refusal(403), "Your address is banned from this server.";
    TlsRequired "tls_required" Refusal(403),
        "This server accepts encrypted connections only. Use landline, or openssl s_client.";
    ServerFull "server_full" Refusal(503), "This server is full. Try again later.";
    ResumeBusy "resume_busy" Refusal(503), "Your previous connection is still busy. Try again in a moment.";
    TokenUnknown "token_unknown" Refusal(403), "That session is over. Sign in again.";

    NameFixed "name_fixed" Refusal(403), "{user} is an account, and its name stays. Guests can change theirs.";
    NameYours "name_yours" Refusal(400), "{user} is your name already.";
    TooManyRenames "too_many_renames" Refusal(403),
        "You have changed your name {count} times, the maximum. Sign in again with the name that you want.";

    // Commands.
    BadObject "bad_object" Refusal(400), "Not a valid command object: {word}. Nothing was done.";
    UnknownCommand "unknown_command" Refusal(400),
        "Unknown command /{word}.{hint}", lantalk "Unknown command: /{word}";
    Usage "usage" Refusal(400), "Usage: {word}";
    Throttled "throttled" Refusal(429), "Too fast; nothing was done. Try again in {retry_ms} ms.";
    LinesDropped "lines_dropped" Refusal(429), "{count} line{s} not sent{word}. Send again, more slowly.";
    LineTooLong "line_too_long" Refusal(413), "That line is too long (at most {count} bytes). Nothing was sent.";
    MessageTooLong "message_too_long" Refusal(413),
        "That message is too long (at most {count} characters). Nothing was sent.";
    TooManyLines "too_many_lines" Refusal(413), "That message is too long (at most {count} lines). Nothing was sent.";
    EmptyMessage "empty_message" Refusal(400), "Empty message. Nothing was sent.";
    Yourself "yourself" Refusal(400), "That is you. Nothing was done.";
    NoSuchUser "no_such_user" Refusal(404),
        "{user} is not online. /users lists who is.", lantalk "User '{user}' not found.";
    NoSuchRoom "no_such_room" Refusal(404), "There is no room {room}. /rooms lists them.";
    MachineLine "machine_line" Refusal(400),
        "That begins like a line of another program and was not said. /say TEXT sends any text.";
    MeshOnly "mesh_only" Refusal(400), "That command is for landline mesh: users of a server have no keys.";
    NoSuchHelp "no_such_help" Refusal(404), "Unknown command /{word}. /help all lists the commands.";
    NotOwner "not_owner" Refusal(403), "Only owners of {room} can use this command. /rules names them.";
    NotServerOwner "not_server_owner" Refusal(403),
        "Only owners of this server can use this command. /claim CODE makes you one; the server's operator has the code.";
    WrongCode "wrong_code" Refusal(403),
        "That is not the code, or the code was used. /code at the server's console makes a new one.";
    TargetIsOwner "target_is_owner" Refusal(403), "{user} is an owner of {room}. /deop {user} first.";
    TargetAbove "target_above" Refusal(403), "{user} is an owner of this server. Nothing was done.";
    TargetNotInRoom "target_not_in_room" Refusal(404), "{user} is not in {room}. /who {room} lists who is.";
    NoFloor "no_floor" Refusal(404), "{user} does not have the floor in {room}.";
    TargetMuted "target_muted" Refusal(403), "{user} is muted in {room}. /unmute {user} first.";
    MinutesBad "minutes_bad" Refusal(400), "A time is a number of minutes from 1 to {count}. Nothing was done.";
    NotMuted "not_muted" Refusal(404), "{user} is not muted in {room}. /rules lists who is.";
    NotBanned "not_banned" Refusal(404), "{user} is not banned there: nothing was done. /rules lists the bans.";
    OwnerAlready "owner_already" Refusal(400), "{user} is an owner of {room} already.";
    NoOwner "no_owner" Refusal(404), "{user} is not an owner of {room}. /rules names them.";
    NoHands "no_hands" Refusal(404), "No hand is up in {room}.";
    NoMessage "no_message" Refusal(404),
        "There is no such message in {room}, or it was removed. Nothing was done.{word}";
    NoOwnMessage "no_own_message" Refusal(404),
        "You have said nothing in {room} in the last {count} minute{s} that you could take back. Nothing was done.";
    TooLate "too_late" Refusal(403),
        "A message can be taken back for {count} minute{s}, by owners of {room} at any time. Nothing was done.";
    NotNewest "not_newest" Refusal(409), "That is not your newest message in {room}. Nothing was changed.";
    TooFarBack "too_far_back" Refusal(400), "/delete USER MINUTES goes 1 to {count} minute{s} back. Nothing was done.";
    ChangeNotStored "change_not_stored" Refusal(500),
        "The change could not be stored; no message has changed. Try again, or tell the operator of this server.";
    ChangePending "change_pending" Refusal(503),
        "The server's disk is slow: this may still be done. Give the command again in a moment.";
    NoPin "no_pin" Refusal(404), "No message is pinned in {room}.";
    RulesFull "rules_full" Refusal(403),
        "{room} has {count} such entries (owners, invitations, hands, mutes or bans), the maximum. Remove one first.";
    RulesNotStored "rules_not_stored" Refusal(500),
        "The change could not be stored; nothing has changed. Try again, or tell the operator of this server.";
    RuleTooLong "rule_too_long" Refusal(413),
        "The text or word is too long (at most {count} characters). Nothing has changed.";
    Muted "muted" Refusal(403), "You are muted in {room}{time}. Nothing was sent.";
    Quiet "quiet" Refusal(403),
        "{room} is quiet: only its owners and users with the floor speak. Nothing was sent. /hand raises your hand.";
    Slowed "slowed" Refusal(429), "{room} is slow: nothing was sent. You may speak again in {seconds} s.";
    RoomBanned "room_banned" Refusal(403), "You are banned from {room}{time}.";
    InviteOnly "invite_only" Refusal(403), "{room} is for invited users only. An owner of it can /invite you.";
    NoKey "no_key" Refusal(400), "{room} has no key word, and the name of a room is one word: /join {room}";
    KeyNeeded "key_needed" Refusal(403), "{room} has a key word: /join {room} WORD.";
    OwnersOnly "owners_only" Refusal(403), "Guests may write to owners only here. Nothing was sent.";
    DoorsClosed "doors_closed" Refusal(403),
        "This server takes no newcomers now. Ask one of its owners to open the doors.";
    Expelled "expelled" Refusal(403), "You are banned from this server{time}.";
    NotInRoom "not_in_room" Refusal(404), "You are not in {room}. /rooms lists the rooms.";
    NoRoomToTalk "no_room_to_talk" Refusal(404),
        "You are in no room. /join ROOM takes you into one, /rooms lists them.";
    NoRoomToRead "no_room_to_read" Refusal(404), "You are in no room. /join ROOM takes you into one.";
    TooManyRooms "too_many_rooms" Refusal(403), "You are in {count} rooms, the maximum. /leave one first.";
    AddressRooms "address_rooms" Refusal(403),
        "{count} rooms opened from your address are open, the maximum. Join one that is open.";
    FormatFixed "format_fixed" Refusal(400),
        "/format is not available in this client, which gets events in a fixed form.";
    NotStored "not_stored" Refusal(500),
        "All users heard the message, but it could not be stored: it is not in the history.";
    LostInStorage "lost_in_storage" Refusal(500),
        "{count} of your messages could not be stored. Talk was heard, but is not in the history; messages to one user \
         may be lost.";
    BlockedByUser "blocked_by_user" Refusal(403), "Not delivered: {user} blocks you.";
    RequestBlocked "request_blocked" Refusal(403), "Not delivered: {user} blocks you.";
    YouBlock "you_block" Refusal(403), "You block {user} and could not read the answer. /unblock {user} first.";
    MailboxFull "mailbox_full" Refusal(403), "Not delivered: too many messages wait for {user} already.";
    MailboxFullOfYours "mailbox_full_of_yours" Refusal(403),
        "Not delivered: too many of your messages wait for {user} already.";
    MailNotStored "mail_not_stored" Refusal(500),
        "{user} is offline, and your message could not be stored. Try again later.";
    HistoryOff "history_off" Refusal(403), "This server keeps no history.";
    HistoryBusy "history_busy" Refusal(503), "Too many users are looking things up. Try again in a moment.";
    HistoryFailed "history_failed" Refusal(500),
        "The history cannot be read. Try again, or tell the operator of this server.";
    NoWord "no_word" Refusal(400), "The search text has no word. /search WORD finds messages with that word.";
    NoLastVisit "no_last_visit" Refusal(403), "Only accounts have a last visit. /history shows what was said before.";
    TooManyBlocks "too_many_blocks" Refusal(403), "You block {count} users, the maximum. /unblock one first.";
    BlockedAlready "blocked_already" Refusal(400), "You block {user} already.";
    NotBlocked "not_blocked" Refusal(404), "You do not block {user}. /block lists the users you block.";
    BlocksNotStored "blocks_not_stored" Refusal(500),
        "The change could not be stored; nothing has changed. Try again, or tell the operator of this server.";
    PrivateAlready "private_already" Refusal(400), "You already have an off-the-record chat with {user}.";
    AskedAlready "asked_already" Refusal(400), "You have asked {user} already. Wait for an answer.";
    TooManyPrivates "too_many_privates" Refusal(403),
        "One of you has too many off-the-record chats and requests. /end or /reject some first.";
    NotAskedPrivate "not_asked_private" Refusal(404),
        "{user} has not asked you for an off-the-record chat. /connect {user} asks.";
    NoPrivateToTalk "no_private_to_talk" Refusal(403),
        "You have no off-the-record chat with {user}. Nothing was sent. /connect {user} asks for one.";
    NoPrivateToEnd "no_private_to_end" Refusal(404),
        "You have no off-the-record chat with {user}. /chats lists yours.";
    NoneOpen "none_open" Refusal(404), "You have no {word}.";
    SeveralOpen "several_open" Refusal(400),
        "Several users ask: {word}. Name the one you mean: /accept USER or /reject USER";
    NoPrivates "no_privates" Refusal(404),
        "No off-the-record chat is open; nothing was sent. /connect USER asks for one, /private USER TEXT speaks in it.";
    SeveralPrivates "several_privates" Refusal(400),
        "Several off-the-record chats are open ({word}); nothing was sent. Name the user: /private USER TEXT or /end USER";
    KeyBad "key_bad" Refusal(400), "The key was not announced: {word}";
    AddressesBad "addresses_bad" Refusal(400),
        "Not valid addresses: 1 to 16 with their ports and commas between, for example 10.0.0.1:5000";
    NotAskedDirect "not_asked_direct" Refusal(404),
        "{user} has not asked you for an encrypted chat. /direct {user} asks.";
    DirectNotHere "direct_not_here" Refusal(403),
        "Encrypted chats need the program landline on both sides; they do not pass this server. /connect {user} \
         asks for an off-the-record chat here.";
    DirectNotThere "direct_not_there" Refusal(403),
        "{user}'s program cannot do encrypted chats. /connect {user} asks for an off-the-record chat here.";
    TooManyDirects "too_many_directs" Refusal(403), "One of you has too many open requests. /reject some first.";

    // A cause that this version does not know.
    Other "other" State, "";
}
