//! The policy of the page fits its style.

use sha2::{Digest, Sha256};

use super::{POLICY, STYLE};

#[test]
fn the_policy_allows_this_style_and_no_other() {
    let hash = base64(&Sha256::digest(STYLE));
    assert!(POLICY.contains(&format!("'sha256-{hash}'")), "the hash of the style is {hash}");
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = bytes.chunks(3).flat_map(|chunk| {
        let mut three = [0; 3];
        three[..chunk.len()].copy_from_slice(chunk);
        let [first, second, third] = three.map(u32::from);
        let bits = first << 16 | second << 8 | third;
        [18, 12, 6, 0].into_iter().enumerate().map(move |(place, shift)| {
            let digit = DIGITS[(bits >> shift & 63) as usize];
            if place <= chunk.len() { char::from(digit) } else { '=' }
        })
    });
    digits.collect()
}
