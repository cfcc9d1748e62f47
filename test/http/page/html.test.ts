import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { html } from '../../../src/http/page/html.ts';

test('text is escaped in content and in attributes', () => {
  const text = `<script>"'&\``;
  assert.equal(
    html`<a title="${text}">${text}</a>`.toString(),
    '<a title="&lt;script&gt;&quot;&#39;&amp;&#96;">&lt;script&gt;&quot;&#39;&amp;&#96;</a>',
  );
});

test('markup goes in as it is, lists one after another, undefined and false not at all', () => {
  const items = ['<', 1, undefined, false] as const;
  const list = items.map((item) => html`<li>${item}</li>`);
  assert.equal(
    html`<ul>${list}${[[' &']]}</ul>`.toString(),
    '<ul><li>&lt;</li><li>1</li><li></li><li></li> &amp;</ul>',
  );
});

test('an object that looks like markup is none', () => {
  const forged = JSON.parse('{"markup":"<script>"}');
  assert.throws(() => html`${forged}`.toString());
});

test('no text leaves a tag or an attribute that it was put into', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const markup = html`<p title="${text}">${text}</p>`.toString();
      const [, title, content] = /^<p title="([^"]*)">([^<]*)<\/p>$/s.exec(markup) ?? [];
      assert.equal(title, content);
      assert.ok(content !== undefined);
    }),
  );
});
