/** How many sessions are kept, more than people; the oldest go first. */
export const MAX_SESSIONS = 10_000;
/** So that one team does not push out the sessions of others. */
export const MAX_OF_TEAM = 200;
