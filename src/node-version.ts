/** Older ones cut headers off a request that has too many (CVE-2026-58044). */
export const OLDEST_NODE = '24.18.1';

/**
 * Whether a Node version is recent enough.
 * @param version - `24.21.0`
 */
export function meetsNodeVersion(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0, oldestPatch = 0] = OLDEST_NODE.split('.').map(Number);
  if (major !== oldestMajor) return major > oldestMajor;
  if (minor !== oldestMinor) return minor > oldestMinor;
  return patch >= oldestPatch;
}
