import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  DashboardBuilder,
  DatasourceVariableBuilder,
  type Panel,
  QueryVariableBuilder,
  RowBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  VariableRefresh,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

/** What a panel shows: an expression and how its series are called. */
interface Query {
  readonly expr: string;
  /** Grafana's template: `{{team}}` */
  readonly legend?: string;
}

interface PanelSpec {
  readonly title: string;
  readonly unit?: string;
  /** Of 24. */
  readonly width?: number;
  readonly queries: readonly Query[];
}

interface DashboardSpec {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly variables: readonly { readonly name: string; readonly values: string }[];
  readonly rows: readonly { readonly title: string; readonly panels: readonly Builder<Panel>[] }[];
}

const DATASOURCE = { type: 'prometheus', uid: `\${datasource}` };
const HEIGHT = 8;

/** Series over time. */
export function graph({ title, unit = 'short', width = 12, queries }: PanelSpec): Builder<Panel> {
  const panel = new TimeseriesBuilder()
    .title(title)
    .datasource(DATASOURCE)
    .unit(unit)
    .min(0)
    .height(HEIGHT)
    .span(width);
  for (const { expr, legend = '' } of queries) {
    panel.withTarget(new DataqueryBuilder().expr(expr).legendFormat(legend));
  }
  return panel;
}

/** A row for each series of one expression, as it is now. */
export function table({ title, unit = 'short', width = 12, queries }: PanelSpec): Builder<Panel> {
  const panel = new TableBuilder()
    .title(title)
    .datasource(DATASOURCE)
    .unit(unit)
    .height(HEIGHT)
    .span(width)
    .withTransformation({ id: 'organize', options: { excludeByName: { Time: true } } });
  for (const { expr } of queries) {
    panel.withTarget(new DataqueryBuilder().expr(expr).instant().format(PromQueryFormat.Table));
  }
  return panel;
}

/** One number, red below or above a bound. */
export function number(
  { title, unit = 'short', width = 4, queries }: PanelSpec,
  badFrom: number,
  badTo = Number.POSITIVE_INFINITY,
): Builder<Panel> {
  const steps = [
    { value: null, color: 'green' },
    { value: badFrom, color: 'red' },
    ...(Number.isFinite(badTo) ? [{ value: badTo, color: 'green' }] : []),
  ];
  const panel = new StatBuilder()
    .title(title)
    .datasource(DATASOURCE)
    .unit(unit)
    .height(4)
    .span(width)
    .thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps));
  for (const { expr, legend = '' } of queries) {
    panel.withTarget(new DataqueryBuilder().expr(expr).instant().legendFormat(legend));
  }
  return panel;
}

/** A dashboard of the classic schema, which every Grafana since 9 imports. */
export function dashboard(spec: DashboardSpec) {
  const builder = new DashboardBuilder(spec.title)
    .uid(spec.uid)
    .description(spec.description)
    .tags(['pushwarden', 'pushgateway'])
    .readonly()
    .time({ from: 'now-6h', to: 'now' })
    .timezone('browser')
    .refresh('1m')
    .withVariable(
      new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'),
    );
  for (const { name, values } of spec.variables) {
    builder.withVariable(
      new QueryVariableBuilder(name)
        .label(name)
        .datasource(DATASOURCE)
        .query(values)
        .refresh(VariableRefresh.OnTimeRangeChanged)
        .multi(true)
        .includeAll(true)
        .allValue('.*'),
    );
  }
  for (const { title, panels } of spec.rows) {
    builder.withRow(new RowBuilder(title));
    for (const panel of panels) builder.withPanel(panel);
  }
  return builder.build();
}
