import assert from 'node:assert/strict';
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually } from '../support/eventually.ts';
import { startListeningProcess } from '../support/listening-process.ts';
import { oneTeam, pushRows, TOKEN } from '../support/one-team.ts';
import { startRecordingUpstream } from '../support/recording-upstream.ts';
import { createScratch } from '../support/scratch.ts';
import { type TestCredential, tokenCredential } from '../support/test-credential.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const OTHER = tokenCredential('other');

const swaps = ['the file is written anew', 'its folder is swapped as Kubernetes does it'] as const;
for (const how of swaps) {
  test(`serve --watch reloads when ${how}`, async () => {
    await using scratch = await createScratch();
    await using upstream = await startRecordingUpstream();
    const render = (credential: TestCredential): string =>
      JSON.stringify({
        ...oneTeam({ url: upstream.url }, { credential }),
        listen: '127.0.0.1:0',
        admin: { listen: 'off' },
        audit: { file: `${scratch.path}/audit.jsonl` },
      });
    const mount = async (folder: string, credential: TestCredential): Promise<void> => {
      await mkdir(`${scratch.path}/${folder}`);
      await scratch.write(`${folder}/pushwarden.yaml`, render(credential));
      await symlink(folder, `${scratch.path}/..data_tmp`);
      await rename(`${scratch.path}/..data_tmp`, `${scratch.path}/..data`);
    };
    await mount('..1', TOKEN);
    const file = `${scratch.path}/pushwarden.yaml`;
    await symlink('..data/pushwarden.yaml', file);
    await using gateway = await startListeningProcess({
      command: process.execPath,
      args: [MAIN, 'serve', '--watch', '--config', file],
      ready: ({ msg, listen }) => (msg === 'ready' ? String(listen) : undefined),
    });
    assert.equal(await pushRows(gateway.ready, 'a', OTHER), 401);
    if (how === 'the file is written anew') await writeFile(file, render(OTHER));
    else await mount('..2', OTHER);
    await eventually('the reload', async () =>
      (await pushRows(gateway.ready, 'a', OTHER)) === 200 ? true : undefined,
    );
    assert.equal(await pushRows(gateway.ready, 'a'), 401);
  });
}
