/** What a Pushgateway says of itself. */
export interface StoreStatus {
  /** When it started: another one may hold something else. */
  readonly startTime: string;
  /** Whether it keeps native histograms and passes them on in a scrape in protobuf. */
  readonly keepsNative: boolean;
  /** Whether it holds every push against all that it stores. */
  readonly checksConsistency: boolean;
  /** What its clock shows, milliseconds since the epoch, where the answer said so. */
  readonly date?: number | undefined;
}

/**
 * The first release that was seen to keep native histograms whole. What is older has no fields for
 * them; what does not tell its version is not trusted with them.
 */
const KEEPS_NATIVE = [1, 5, 1] as const;

const RELEASE = /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:[-+~].*)?$/;

/**
 * Reads the answer of `GET /api/v1/status`; undefined for the answer of anything but a Pushgateway.
 * @see pushgateway `api/v1/api.go`, `status`
 */
export function parseStoreStatus(answer: unknown): StoreStatus | undefined {
  const data = property(answer, 'data');
  const startTime = property(data, 'start_time');
  if (typeof startTime !== 'string') return undefined;
  const version = property(property(data, 'build_information'), 'version');
  const unchecked = property(property(data, 'flags'), 'push.disable-consistency-check');
  return {
    startTime,
    keepsNative: typeof version === 'string' && isNewEnough(version),
    checksConsistency: unchecked === 'false',
  };
}

function isNewEnough(version: string): boolean {
  const release = RELEASE.exec(version)?.slice(1).map(Number);
  if (release === undefined) return false;
  const index = KEEPS_NATIVE.findIndex((wanted, place) => release[place] !== wanted);
  return index === -1 || (release[index] ?? 0) > (KEEPS_NATIVE[index] ?? 0);
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
