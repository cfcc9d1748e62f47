/** What made something fail, in one line: what a program complained about, or the innermost cause. */
export function renderFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('stderr' in error && error.stderr) return firstLine(String(error.stderr));
  if (error.cause instanceof Error) return renderFailure(error.cause);
  // Of several addresses that all refuse, only the code is told.
  return firstLine(error.message || ('code' in error ? String(error.code) : error.name));
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? '';
}
