/** Names of teams, credentials, networks, issuers: they become label values and log fields. */
export const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$/;

/** What is said of any other. */
export const NAME_WORDS = 'must be 1 to 64 of A-Z a-z 0-9 _ . @ -';
