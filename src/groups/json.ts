/** Parses an answer; undefined for none, and for what is no JSON. */
export function parseJson(answer: Uint8Array | undefined): unknown {
  try {
    return answer && JSON.parse(Buffer.from(answer).toString('utf8'));
  } catch {
    return undefined;
  }
}
