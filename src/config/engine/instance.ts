import type { Finding } from './problem.ts';

/** Keys whose values are paths or addresses. */
const PLACES: ReadonlySet<string> = new Set([
  'listen',
  'url',
  'file',
  'dir',
  'ca_file',
  'cert_file',
  'key_file',
  'client_ca_file',
]);
const MARK = '%i';

/** A document in which paths and addresses have the gateway's name for each `%i`. */
interface FilledDocument {
  readonly data: unknown;
  readonly findings: readonly Finding[];
}

/** Stands in where nobody listens or writes. */
const ANY_INSTANCE = '1';

/**
 * Puts the name of a gateway into the paths and addresses of a configuration that several have.
 * @param isServing - whether a place that asks for a name which is not given is an error
 */
export function fillInstance(
  data: unknown,
  {
    instance,
    isServing = false,
  }: { readonly instance?: string | undefined; readonly isServing?: boolean },
): FilledDocument {
  const findings: Finding[] = [];
  const fill = (value: unknown, path: readonly PropertyKey[]): unknown => {
    if (Array.isArray(value)) return value.map((one, index) => fill(one, [...path, index]));
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(
        Object.entries(value).map(([key, one]) => [key, fill(one, [...path, key])]),
      );
    }
    const isPlace = typeof value === 'string' && PLACES.has(String(path.at(-1)));
    if (!isPlace || !value.includes(MARK)) return value;
    if (instance === undefined && isServing) {
      const message = `has ${MARK}, for which "--instance NAME" has to give the name`;
      findings.push({ severity: 'error', path, message });
    }
    return value.replaceAll(MARK, instance ?? ANY_INSTANCE);
  };
  const holdsMark = JSON.stringify(data)?.includes(MARK) === true;
  return { data: holdsMark ? fill(data, []) : data, findings };
}
