//! A passphrase → the secret that all members share.

use anyhow::{anyhow, bail};
use argon2::{Algorithm, Argon2, Block, Params, Version};

/// Memory and rounds: about 70 ms on a small machine, once at the start. Whoever recorded a handshake and tries
/// passphrases pays as much for each.
const KIB: u32 = 32 << 10;
const ROUNDS: u32 = 2;
/// The members have nothing in common but the passphrase, so there is no salt but this one.
const SALT: &[u8] = b"landline mesh passphrase 1";
/// Shorter ones are guessed whatever is done.
const LEAST_CHARS: usize = 8;

/// The secret.
///
/// # Errors
/// The passphrase is too short.
pub fn secret(passphrase: &str) -> anyhow::Result<[u8; 32]> {
    if passphrase.chars().count() < LEAST_CHARS {
        bail!("a passphrase has at least {LEAST_CHARS} characters; several words are better than one");
    }
    let unfit = |why: argon2::Error| anyhow!("the passphrase cannot be used: {why}");
    let params = Params::new(KIB, ROUNDS, 1, Some(32)).map_err(unfit)?;
    let mut memory = vec![Block::default(); params.block_count()];
    let mut secret = [0; 32];
    let hash = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    hash.hash_password_into_with_memory(passphrase.as_bytes(), SALT, &mut secret, &mut memory).map_err(unfit)?;
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_own_secret_which_never_changes() {
        let one = secret("correct horse").unwrap();
        assert_ne!(one, secret("Correct horse").unwrap());
        assert_eq!(one[..4], [249, 223, 180, 48], "members of different versions share a secret");
        assert!(secret("short").unwrap_err().to_string().contains("at least 8"));
    }
}
