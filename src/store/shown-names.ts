/** What no name has in a scrape in the text format 0.0.4. */
const NOT_SHOWN = /[^a-zA-Z0-9_:]/gu;

/**
 * Lines by the names of families as a scrape shows them. A newer Pushgateway can hold names with any
 * character, put there by somebody who pushes past the gateway, and shows `_` for those of UTF-8.
 * @see prometheus/common `model/metric.go`, `EscapeName`, `UnderscoreEscaping`
 */
export function asShown(lines: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const shown = new Map<string, number>();
  for (const [name, count] of lines) {
    const escaped = name.replace(NOT_SHOWN, '_').replace(/^[0-9]/, '_');
    shown.set(escaped, (shown.get(escaped) ?? 0) + count);
  }
  return shown;
}
