import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The repository, with a slash at the end. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const NOT_OURS = ['node_modules', '.git', '.cache', 'dist'];

/** Every Markdown file of the project, relative to its root. */
export const MARKDOWN_FILES: readonly string[] = globSync('**/*.md', {
  cwd: ROOT,
  exclude: (name) => NOT_OURS.includes(name),
}).sort();

/** A file of the project, by its path relative to the root. */
export function readProjectFile(path: string): string {
  return readFileSync(ROOT + path, 'utf8');
}

const CODE_BLOCK = /^```[^\n]*\n([\s\S]*?)^```$/gm;

/** The text of every code block. */
export function codeBlocks(markdown: string): readonly string[] {
  return [...markdown.matchAll(CODE_BLOCK)].map(([, text = '']) => text);
}

/** Markdown without its code blocks. */
export function withoutCodeBlocks(markdown: string): string {
  return markdown.replaceAll(CODE_BLOCK, '');
}

/** The cells of every table row, heads left out. */
export function tableRows(markdown: string): readonly (readonly string[])[] {
  const lines = withoutCodeBlocks(markdown).split('\n');
  const isRule = (line: string | undefined): boolean => /^\|[-| ]+\|$/.test(line ?? '');
  return lines
    .filter((line, at) => line.startsWith('|') && !isRule(line) && !isRule(lines[at + 1]))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
}

/** Everything that stands in backticks. */
export function codeSpans(markdown: string): readonly string[] {
  return [...markdown.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
}
