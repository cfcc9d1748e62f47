import type { SnippetView } from './page-view.ts';

/** Something to copy that pushes. */
interface Snippet {
  readonly name: string;
  readonly code: string;
}

interface Login {
  readonly comment: string;
  /** For bash. */
  readonly curl: string;
  /** For any shell. */
  readonly curlOfSh: string;
  readonly python: { readonly handler: string; readonly body: string };
  readonly go: { readonly before: string; readonly call: string };
  readonly node: string;
  /** Variables of a step of GitHub Actions. */
  readonly secrets: string;
}

const LOGINS: Readonly<Record<SnippetView['login'], Login>> = {
  token: {
    comment:
      '# PUSH_TOKEN holds the token; the header is read from the pipe, not from the command line',
    curl: `--header @<(printf 'Authorization: Bearer %s' "$PUSH_TOKEN")`,
    curlOfSh: '--header "Authorization: Bearer $PUSH_TOKEN"',
    python: {
      handler: 'default_handler',
      body: `    headers = [*headers, ("Authorization", f"Bearer {os.environ['PUSH_TOKEN']}")]
    return default_handler(url, method, timeout, headers, data)`,
    },
    go: {
      before: 'header := http.Header{"Authorization": {"Bearer " + os.Getenv("PUSH_TOKEN")}}\n',
      call: 'Header(header)',
    },
    node: `const options = { headers: { Authorization: \`Bearer \${process.env.PUSH_TOKEN}\` } };`,
    secrets: `    PUSH_TOKEN: \${{ secrets.PUSH_TOKEN }}`,
  },
  password: {
    comment: '# PUSH_USER and PUSH_PASSWORD hold the login, which is read from the pipe',
    curl: `--config <(printf 'user = "%s:%s"' "$PUSH_USER" "$PUSH_PASSWORD")`,
    curlOfSh: '--user "$PUSH_USER:$PUSH_PASSWORD"',
    python: {
      handler: 'basic_auth_handler',
      body: `    user, password = os.environ["PUSH_USER"], os.environ["PUSH_PASSWORD"]
    return basic_auth_handler(url, method, timeout, headers, data, user, password)`,
    },
    go: { before: '', call: 'BasicAuth(os.Getenv("PUSH_USER"), os.Getenv("PUSH_PASSWORD"))' },
    node: `const options = { auth: \`\${process.env.PUSH_USER}:\${process.env.PUSH_PASSWORD}\` };`,
    secrets: `    PUSH_USER: \${{ secrets.PUSH_USER }}\n    PUSH_PASSWORD: \${{ secrets.PUSH_PASSWORD }}`,
  },
};

/** A way to push for each of the common places, with the real address and a job of the team. */
export function createSnippets({ url, job, login }: SnippetView): readonly Snippet[] {
  const push = `${url}/metrics/job/${job}`;
  const auth = LOGINS[login];
  return [
    {
      name: 'curl',
      code: `${auth.comment}
printf 'batch_last_success_timestamp_seconds %s\\n' "$(date +%s)" |
  curl --fail-with-body --silent --show-error \\
    ${auth.curl} \\
    --data-binary @- '${push}'
`,
    },
    {
      name: 'Python',
      code: `import os
from prometheus_client import CollectorRegistry, Gauge, push_to_gateway
from prometheus_client.exposition import ${auth.python.handler}

def login(url, method, timeout, headers, data):
${auth.python.body}

registry = CollectorRegistry()
last_success = Gauge("batch_last_success_timestamp_seconds", "When it last succeeded", registry=registry)
last_success.set_to_current_time()
push_to_gateway("${url}", job="${job}", registry=registry, handler=login)
`,
    },
    {
      name: 'Go',
      code: `lastSuccess := prometheus.NewGauge(prometheus.GaugeOpts{
	Name: "batch_last_success_timestamp_seconds",
	Help: "When it last succeeded",
})
lastSuccess.SetToCurrentTime()
${auth.go.before}err := push.New("${url}", "${job}").Collector(lastSuccess).${auth.go.call}.Push()
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
${auth.node}
await new Pushgateway('${url}', options, registry).push({ jobName: '${job}' });
`,
    },
    {
      name: 'GitHub Actions',
      code: `- name: Push metrics
  if: always()
  env:
${auth.secrets}
  run: |
    printf 'ci_job_success %s\\n' "\${{ job.status == 'success' && 1 || 0 }}" |
      curl --fail-with-body --silent --show-error \\
        ${auth.curl} \\
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
          ${auth.curlOfSh} \\
          --data-binary @- '${push}'
`,
    },
  ];
}
