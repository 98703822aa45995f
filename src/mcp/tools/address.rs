//! Web addresses of an item: read from a model's words, and shown to it.

use crate::{display_text::safe_url, vault::ItemUrl};

/// Takes addresses as the model wrote them; the first is the main one.
pub(super) fn read(written: Vec<String>) -> Vec<ItemUrl> {
    written
        .into_iter()
        .enumerate()
        .map(|(index, href)| ItemUrl {
            href,
            label: None,
            primary: index == 0,
        })
        .collect()
}

/// Shows addresses, the main one first, without what they may carry of secrets.
pub(super) fn shown(urls: &[ItemUrl]) -> Vec<String> {
    let (main, others): (Vec<_>, Vec<_>) = urls.iter().partition(|url| url.primary);
    main.into_iter()
        .chain(others)
        .map(|url| safe_url(&url.href))
        .collect()
}
