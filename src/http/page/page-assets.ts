import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** A file of the page, in memory. */
interface PageAsset {
  readonly type: string;
  readonly body: Buffer;
}

/** The files of the page; their names change with their content, so they can be kept for ever. */
export interface PageAssets {
  /** Names below `/ui/`. */
  readonly styles: string;
  readonly script: string;
  find(name: string): PageAsset | undefined;
}

const FOLDER = new URL('assets/', import.meta.url);

/** Reads the files of the page. */
export function loadPageAssets(): PageAssets {
  const files = new Map<string, PageAsset>();
  const load = (name: string, extension: string, type: string): string => {
    const body = readFileSync(new URL(`${name}.${extension}`, FOLDER));
    const hash = createHash('sha256').update(body).digest('base64url').slice(0, 12);
    const path = `${name}-${hash}.${extension}`;
    files.set(path, { type: `${type}; charset=utf-8`, body });
    return path;
  };
  return {
    styles: load('page', 'css', 'text/css'),
    script: load('page', 'js', 'text/javascript'),
    find: (name) => files.get(name),
  };
}
