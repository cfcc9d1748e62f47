import { type Content, type Html, html } from './html.ts';
import { renderForeign } from './words.ts';

const CONTACT_BYTES = 500;

/** Where the files of the page are, seen from the document that uses them. */
export interface AssetPaths {
  readonly styles: string;
  readonly script: string;
}

interface DocumentParts {
  readonly title: string;
  readonly assets: AssetPaths;
  /** Right side of the top line. */
  readonly corner?: Content;
  readonly main: Content;
  readonly contact?: string | undefined;
}

/** A whole document around its main part. */
export function renderDocument({ title, assets, corner, main, contact }: DocumentParts): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${assets.styles}">
<script type="module" src="${assets.script}"></script>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="top"><span class="brand">pushwarden</span>${corner}</header>
<main id="main" tabindex="-1">${main}</main>
${contact !== undefined && html`<footer>${renderForeign(contact, CONTACT_BYTES)}</footer>`}
</body>
</html>
`;
}
