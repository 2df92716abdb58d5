//! Visibility of messages, compared with a simple model.

use super::*;
use proptest::prelude::*;

const USERS: [&str; 4] = ["alice", "bob", "carol", "7"];
const ROOMS: [&str; 3] = ["a", "b", "c"];

#[derive(Clone, Debug)]
enum ModelStep {
    Say { user: usize, room: Option<usize> },
    Direct { from: usize, to: usize },
    Forget { user: usize },
    Index,
}

fn step() -> impl Strategy<Value = ModelStep> {
    prop_oneof![
        4 => (0..4_usize, prop::option::of(0..3_usize)).prop_map(|(user, room)| ModelStep::Say { user, room }),
        4 => (0..4_usize, 0..4_usize).prop_map(|(from, to)| ModelStep::Direct { from, to }),
        1 => (0..4_usize).prop_map(|user| ModelStep::Forget { user }),
        1 => Just(ModelStep::Index),
    ]
}

/// A message of the model.
#[derive(Clone, Copy, Debug)]
struct ModelMessage {
    id: u64,
    from: usize,
    /// The receiver, and false once the receiver has forgotten it.
    to: Option<(usize, bool)>,
    room: Option<usize>,
}

#[derive(Debug, Default)]
struct Model(Vec<ModelMessage>);

impl Model {
    fn forget(&mut self, user: usize) {
        self.0.retain(|message| message.to.is_none() || message.from != user);
        for (to, sees) in self.0.iter_mut().filter_map(|message| message.to.as_mut()) {
            *sees &= *to != user;
        }
    }

    fn visible(&self, user: usize, rooms: &[usize], blocked: Option<usize>) -> Vec<u64> {
        let visible = self.0.iter().filter(|message| Some(message.from) != blocked).filter(|message| match message {
            ModelMessage { to: Some((to, sees)), from, .. } => *from == user || (*to == user && *sees),
            ModelMessage { room: Some(room), .. } => rooms.contains(room),
            _ => true,
        });
        let mut ids: Vec<u64> = visible.map(|message| message.id).collect();
        ids.sort_unstable();
        ids
    }
}

fn play(steps: &[ModelStep]) -> (Store, Model) {
    let store = Store::new();
    let mut model = Model::default();
    for (step, n) in steps.iter().zip(0..) {
        // Each pair of ids is stored in reverse order.
        let id = 100 + (n ^ 1);
        match *step {
            ModelStep::Say { user, room } => {
                store.say_as(USERS[user], id, room.map_or("*", |room| ROOMS[room]), "tea");
                model.0.push(ModelMessage { id, from: user, to: None, room });
            }
            ModelStep::Direct { from, to } => {
                store.direct(id, USERS[from], USERS[to], "tea");
                model.0.push(ModelMessage { id, from, to: Some((to, true)), room: None });
            }
            ModelStep::Forget { user } => {
                store.messages.forget(&party(USERS[user])).unwrap();
                model.forget(user);
            }
            ModelStep::Index => store.messages.wait_for_stored(true).unwrap(),
        }
    }
    (store, model)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn users_see_exactly_the_visible_messages(
        steps in prop::collection::vec(step(), 1..40),
        rooms in prop::collection::vec(0..3_usize, 0..3),
        blocked in prop::option::of(0..4_usize),
        most in 1..8_usize,
    ) {
        let (store, model) = play(&steps);
        let keys: Vec<&str> = rooms.iter().map(|room| ROOMS[*room]).collect();
        let blocked_keys: Vec<NameKey> = blocked.iter().map(|user| NameKey::of(USERS[*user])).collect();
        for (name, user) in USERS.iter().zip(0..) {
            let party = party(name);
            let viewer = HistoryReader { address: "", party: &party, rooms: &keys, blocked: &blocked_keys, only: HistoryFilter::Everything };
            let expected = model.visible(user, &rooms, blocked);
            prop_assert_eq!(ids(&store.messages.recall(&viewer, Range::Last(500)).unwrap()), expected.clone());
            let mut found = ids(&store.messages.search(&viewer, "tea", None, 500).unwrap());
            found.reverse();
            prop_assert_eq!(found, expected.clone());

            // Reading page by page gives the same messages.
            let mut forward = Vec::new();
            let mut after = 0;
            loop {
                let page = store.messages.recall(&viewer, Range::After(after, most)).unwrap();
                forward.extend(ids(&page));
                after = forward.last().copied().unwrap_or(u64::MAX);
                if !page.more {
                    break;
                }
            }
            prop_assert_eq!(forward, expected);
        }
    }
}
