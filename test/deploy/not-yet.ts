/**
 * Metrics that alerts and dashboards name and that no part of the gateway counts yet, sorted. One
 * that appears is taken out here, and what shows it is then run like everything else.
 */
export const NOT_YET: readonly string[] = [];

/** The gateway's own metrics in an expression, recorded ones left out. */
export function gatewayMetricsOf(expression: string): readonly string[] {
  return [...expression.matchAll(/(?<![:\w"])(?:pushwarden|process|nodejs)_\w+\b(?!:)/g)].map(
    ([name]) => name.replace(/_(?:bucket|count|sum)$/, ''),
  );
}
