import { dashboard, graph, number, table } from './panels.ts';

const AGE = 'time() - (push_time_seconds{job=~"$job"} > 0)';

/** The teams': does what should have run by now show that it ran. */
export const batchJobs = dashboard({
  uid: 'pushwarden-batch-jobs',
  title: 'pushwarden: batch jobs',
  description: 'What batch jobs and pipelines pushed: how old, how long, what failed.',
  variables: [{ name: 'job', values: 'label_values(push_time_seconds, job)' }],
  rows: [
    {
      title: 'Now',
      panels: [
        number(
          {
            title: 'Groups',
            width: 6,
            queries: [{ expr: 'count(push_time_seconds{job=~"$job"})' }],
          },
          Number.MAX_SAFE_INTEGER,
        ),
        number(
          {
            title: 'Groups whose last push failed',
            width: 6,
            queries: [
              {
                expr: 'count(push_failure_time_seconds{job=~"$job"} > push_time_seconds) or vector(0)',
              },
            ],
          },
          1,
        ),
        number(
          {
            title: 'Groups older than a day',
            width: 6,
            queries: [{ expr: `count(${AGE} > 86400) or vector(0)` }],
          },
          1,
        ),
        number(
          { title: 'Oldest push', unit: 's', width: 6, queries: [{ expr: `max(${AGE})` }] },
          86_400,
        ),
      ],
    },
    {
      title: 'Groups',
      panels: [
        table({
          title: 'Since the last push, oldest first',
          unit: 's',
          queries: [{ expr: `sort_desc(${AGE})` }],
        }),
        table({
          title: 'The last push failed, since',
          unit: 's',
          queries: [
            {
              expr: 'time() - (push_failure_time_seconds{job=~"$job"} > push_time_seconds)',
            },
          ],
        }),
        graph({
          title: 'Age of what is stored, by job',
          unit: 's',
          width: 24,
          queries: [{ expr: `max by (job) (${AGE})`, legend: '{{job}}' }],
        }),
      ],
    },
    {
      title: 'What the jobs say',
      panels: [
        graph({
          title: 'Duration of batch jobs',
          unit: 's',
          queries: [
            { expr: 'max by (job) (batch_job_duration_seconds{job=~"$job"})', legend: '{{job}}' },
          ],
        }),
        graph({
          title: 'Duration of pipelines',
          unit: 's',
          queries: [
            {
              expr: 'max by (job, project, branch) (ci_pipeline_duration_seconds{job=~"$job"})',
              legend: '{{project}} {{branch}}',
            },
          ],
        }),
        graph({
          title: 'Files processed, last run',
          queries: [
            { expr: 'sum by (job) (files_processed_total{job=~"$job"})', legend: '{{job}}' },
          ],
        }),
        graph({
          title: 'Orders processed, last run',
          queries: [
            { expr: 'sum by (job) (orders_processed_total{job=~"$job"})', legend: '{{job}}' },
          ],
        }),
      ],
    },
  ],
});
