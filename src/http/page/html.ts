/**
 * Markup that is safe to send. Only `html` makes it, so text from outside cannot get onto a page
 * without being escaped: a page takes nothing but values of this class.
 */
export class Html {
  readonly #markup: string;

  private constructor(markup: string) {
    this.#markup = markup;
  }

  /**
   * Tag of a template. Text and numbers that are put in are escaped, for content and for attributes
   * in quotes alike; markup goes in as it is, lists one after another; undefined and false are
   * nothing. Templates must write attributes in double quotes, and put nothing into a script, a
   * style or the name of a tag or attribute.
   */
  static template(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
    const parts = strings.map((text, index) => text + render(values[index]));
    return new Html(parts.join(''));
  }

  /** The markup as text, for the body of an answer. */
  toString(): string {
    return this.#markup;
  }
}

/** What can be put into a template. */
export type Content = string | number | Html | undefined | false | readonly Content[];

export const html = Html.template;

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

function render(value: Content): string {
  if (value === undefined || value === false) return '';
  if (value instanceof Html) return value.toString();
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return escapeText(value);
  return value.map(render).join('');
}

function escapeText(text: string): string {
  return text.replaceAll(/[&<>"'`]/g, (character) => ESCAPES[character] ?? '');
}
