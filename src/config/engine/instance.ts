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

/**
 * What stands in where nobody listens or writes: a digit in which no port of the document ends, so
 * that `909%i` beside `9091` is not taken for the same address twice.
 */
function standIn(text: string): string {
  const digits = ['2', '3', '4', '6', '7', '8', '9'];
  return digits.find((digit) => !new RegExp(`:\\d+${digit}[/"]`).test(text)) ?? '2';
}

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
  const text = JSON.stringify(data) ?? '';
  const name = instance ?? standIn(text);
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
    return value.replaceAll(MARK, name);
  };
  return { data: text.includes(MARK) ? fill(data, []) : data, findings };
}
