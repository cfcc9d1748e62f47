/** Where the metric name that begins at `at` ends; `at` itself when there is none. */
export function scanMetricName(text: string, at: number): number {
  let end = at;
  while (isMetricNameCode(text.charCodeAt(end), end === at)) end += 1;
  return end;
}

/** Where the label name that begins at `at` ends; `at` itself when there is none. */
export function scanLabelName(text: string, at: number): number {
  let end = at;
  while (isLabelNameCode(text.charCodeAt(end), end === at)) end += 1;
  return end;
}

function isMetricNameCode(code: number, isFirst: boolean): boolean {
  return isLabelNameCode(code, isFirst) || code === 0x3a;
}

function isLabelNameCode(code: number, isFirst: boolean): boolean {
  const letter = code | 0x20;
  if (letter >= 0x61 && letter <= 0x7a) return true;
  return code === 0x5f || (!isFirst && code >= 0x30 && code <= 0x39);
}
