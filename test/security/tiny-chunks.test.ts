import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { rawRequest, stageDocument } from '../faults/stage.ts';
import { startGatewayProcess } from '../support/gateway.ts';
import { exchange, finalAnswer } from '../support/raw-http.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';

/**
 * The attack: a body in chunks of one byte each. The parts were kept until the body was whole, and
 * each of them took hundreds of bytes: 1 MiB that a team may send became 500 MB, sixteen at once
 * more than 4 GB, and the process ended.
 */
const BODY_BYTES = 1024 * 1024;
/** Half of what the attack took; what is young in the heap grows to 48 MiB under any load. */
const MAX_GROWTH = 256 * 1024 * 1024;

const skip = process.platform === 'linux' ? false : 'memory is read from /proc';

test('a body in chunks of one byte takes little more memory than its bytes', { skip }, async () => {
  await using upstream = await startRecordingUpstream();
  await using gateway = await startGatewayProcess(
    stageDocument(upstream.url, { server: { chunks: BODY_BYTES } }),
  );
  const before = await peakMemory(gateway.pid);
  const text = `a 1\n${'#'.repeat(BODY_BYTES - 5)}\n`;
  const chunks = [...text].map((byte) => `1\r\n${byte}\r\n`).join('');
  const head = rawRequest('PUT /metrics/job/etl', ['Transfer-Encoding: chunked']);
  const send = `${head}${chunks}0\r\n\r\n`;
  const { answers } = await exchange({ port: gateway.port, send, timeoutMs: 30_000 });
  assert.equal(finalAnswer(answers)?.status, 200);
  assert.equal(upstream.requests[0]?.body.toString(), text);
  const growth = (await peakMemory(gateway.pid)) - before;
  assert.ok(growth < MAX_GROWTH, `${growth} bytes`);
});

/** Bytes that a process held at most. @see proc_pid_status(5) */
async function peakMemory(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}
