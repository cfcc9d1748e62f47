import type { MediaType } from '../../src/core/exposition/media-type.ts';
import { delimited, double, integer, prefixed } from '../../test/support/protobuf.ts';

/** Series with three labels, a hundred to a family. */
export const BODIES = {
  text: (series: number) => Buffer.from(textFamilies(series).join('')),
  protobuf: (series: number) => Buffer.concat(protobufFamilies(series)),
} as const satisfies Record<MediaType, (series: number) => Buffer>;

/** Lines of the text format, in their order. */
export function textFamilies(series: number): readonly string[] {
  return Array.from({ length: series }, (_, index) => {
    const name = `batch_rows_${index - (index % 100)}`;
    const head = `# HELP ${name} Rows that the batch has read\n# TYPE ${name} gauge\n`;
    const sample = `${name}{method="GET",path="/api/v1/items/${index}",status="200"} ${index * 1.5}\n`;
    return index % 100 === 0 ? head + sample : sample;
  });
}

function protobufFamilies(series: number): readonly Buffer[] {
  const families = Array.from({ length: Math.ceil(series / 100) }, (_, family) => family * 100);
  return families.map((first) => {
    const count = Math.min(100, series - first);
    const metrics = Array.from({ length: count }, (_, offset) => {
      const labels = [
        ['method', 'GET'],
        ['path', `/api/v1/items/${first + offset}`],
        ['status', '200'],
      ].map(([name = '', value = '']) => delimited(1, delimited(1, name), delimited(2, value)));
      return delimited(4, ...labels, delimited(2, double(1, (first + offset) * 1.5)));
    });
    const help = 'Rows that the batch has read';
    return prefixed(
      delimited(1, `batch_rows_${first}`),
      delimited(2, help),
      integer(3, 1),
      ...metrics,
    );
  });
}
