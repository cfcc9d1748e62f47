import type { SnippetView } from './page-view.ts';

/** Something to copy that pushes. */
interface Snippet {
  readonly name: string;
  readonly code: string;
}

/** A way to push for each of the common places, with the real address and a job of the team. */
export function createSnippets({ url, job }: SnippetView): readonly Snippet[] {
  const push = `${url}/metrics/job/${job}`;
  return [
    {
      name: 'curl',
      code: `# PUSH_TOKEN holds the token; the header is read from the pipe, not from the command line
printf 'batch_last_success_timestamp_seconds %s\\n' "$(date +%s)" |
  curl --fail-with-body --silent --show-error \\
    --header @<(printf 'Authorization: Bearer %s' "$PUSH_TOKEN") \\
    --data-binary @- '${push}'
`,
    },
    {
      name: 'Python',
      code: `import os
from prometheus_client import CollectorRegistry, Gauge, push_to_gateway
from prometheus_client.exposition import default_handler

def with_token(url, method, timeout, headers, data):
    headers = [*headers, ("Authorization", f"Bearer {os.environ['PUSH_TOKEN']}")]
    return default_handler(url, method, timeout, headers, data)

registry = CollectorRegistry()
last_success = Gauge("batch_last_success_timestamp_seconds", "When it last succeeded", registry=registry)
last_success.set_to_current_time()
push_to_gateway("${url}", job="${job}", registry=registry, handler=with_token)
`,
    },
    {
      name: 'Go',
      code: `lastSuccess := prometheus.NewGauge(prometheus.GaugeOpts{
	Name: "batch_last_success_timestamp_seconds",
	Help: "When it last succeeded",
})
lastSuccess.SetToCurrentTime()
header := http.Header{"Authorization": {"Bearer " + os.Getenv("PUSH_TOKEN")}}
err := push.New("${url}", "${job}").Collector(lastSuccess).Header(header).Push()
`,
    },
    {
      name: 'Node',
      code: `import { Gauge, Pushgateway, Registry } from 'prom-client';

const registry = new Registry();
new Gauge({
  name: 'batch_last_success_timestamp_seconds',
  help: 'When it last succeeded',
  registers: [registry],
}).setToCurrentTime();
const headers = { Authorization: \`Bearer \${process.env.PUSH_TOKEN}\` };
await new Pushgateway('${url}', { headers }, registry).push({ jobName: '${job}' });
`,
    },
    {
      name: 'GitHub Actions',
      code: `- name: Push metrics
  if: always()
  env:
    PUSH_TOKEN: \${{ secrets.PUSH_TOKEN }}
  run: |
    printf 'ci_job_success %s\\n' "\${{ job.status == 'success' && 1 || 0 }}" |
      curl --fail-with-body --silent --show-error \\
        --header @<(printf 'Authorization: Bearer %s' "$PUSH_TOKEN") \\
        --data-binary @- '${push}'
`,
    },
    {
      name: 'GitLab CI',
      code: `push-metrics:
  stage: .post
  when: always
  script:
    - |
      printf 'ci_pipeline_timestamp_seconds %s\\n' "$(date +%s)" |
        curl --fail-with-body --silent --show-error \\
          --header "Authorization: Bearer $PUSH_TOKEN" \\
          --data-binary @- '${push}'
`,
    },
  ];
}
