//! Derives the secret that all members share from a passphrase (Argon2id).

use anyhow::{anyhow, bail};
use argon2::{Algorithm, Argon2, Block, Params, Version};

/// Memory in KiB. With [`ROUNDS`], one derivation takes about 70 ms on a small machine, once at the start. An attacker
/// who recorded a handshake pays as much for each guess.
const MEMORY_KIB: u32 = 32 << 10;
/// Passes over the memory.
const ROUNDS: u32 = 2;
/// A fixed salt, since members have nothing in common but the passphrase.
const SALT: &[u8] = b"landline mesh passphrase 1";
/// Minimum length. No derivation protects shorter passphrases from guessing.
const MIN_CHARS: usize = 8;

/// Derives the secret. Takes about 70 ms and 32 MiB.
///
/// # Errors
/// The passphrase is too short.
pub fn secret(passphrase: &str) -> anyhow::Result<[u8; 32]> {
    if passphrase.chars().count() < MIN_CHARS {
        bail!("passphrase too short: use at least {MIN_CHARS} characters; several words are better than one");
    }
    let unfit = |why: argon2::Error| anyhow!("the passphrase cannot be used: {why}");
    let params = Params::new(MEMORY_KIB, ROUNDS, 1, Some(32)).map_err(unfit)?;
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
    fn derives_a_stable_secret_per_passphrase() {
        let one = secret("correct horse").unwrap();
        assert_ne!(one, secret("Correct horse").unwrap());
        assert_eq!(one[..4], [249, 223, 180, 48], "members of different versions share a secret");
        assert!(secret("short").unwrap_err().to_string().contains("at least 8"));
    }
}
