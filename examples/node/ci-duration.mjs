// Pushes how long a CI pipeline took; its last step: node ci-duration.mjs RUN STARTED RESULT
// STARTED is in Unix seconds. PUSH_URL is the gateway; PUSH_USERNAME and PUSH_PASSWORD are a user name
// and a password, or the name of a credential and its token. Needs prom-client 15: older ones report
// a refused push as a success.
import client from 'prom-client';

const { PUSH_URL, PUSH_USERNAME, PUSH_PASSWORD } = process.env;
const [run, started, result] = process.argv.slice(2);
if (result === undefined || !(Number(started) > 0)) {
  console.error('usage: node ci-duration.mjs RUN STARTED RESULT');
  process.exit(2);
}

// A registry of its own: the default one has metrics of this process, which is about to end.
const registry = new client.Registry();
new client.Gauge({
  name: 'ci_pipeline_duration_seconds',
  help: 'Duration of the pipeline, from its start to its last step.',
  labelNames: ['result'],
  registers: [registry],
}).set({ result }, Date.now() / 1000 - Number(started));

const options = { auth: `${PUSH_USERNAME}:${PUSH_PASSWORD}`, timeout: 30_000 };
const gateway = new client.Pushgateway(PUSH_URL, options, registry);
try {
  // Pipelines run side by side: each is an instance of its own, or the last one wins. Their groups
  // stay until they are deleted: gateway.delete() with the same arguments.
  await gateway.push({ jobName: 'ci_shop', groupings: { instance: run } });
} catch (error) {
  console.error(error.message); // status, reason, and what to change
  process.exitCode = 1;
}
