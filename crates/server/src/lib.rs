//! Hot folder, queue, review and approval in a browser.
