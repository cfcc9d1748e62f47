/**
 * Takes a path prefix off a raw request target, as a client whose URL has one sends it. Without the
 * prefix a target is what it is: both are the same request.
 * @param prefix - `/pushgateway`, without a slash at the end; empty for none
 */
export function withoutPathPrefix(rawTarget: string, prefix: string): string {
  if (prefix === '' || !rawTarget.startsWith(prefix)) return rawTarget;
  const rest = rawTarget.slice(prefix.length);
  if (rest === '') return '/';
  return rest.startsWith('/') ? rest : rawTarget;
}
