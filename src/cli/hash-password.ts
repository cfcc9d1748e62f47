import { argon2, randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { hash as hashBcrypt } from '@node-rs/bcrypt';
import { type Command, Option } from 'commander';
import { promptHidden } from './prompt-hidden.ts';

/** bcrypt looks at no more of a password. */
const BCRYPT_MAX_BYTES = 72;
const BCRYPT_COST = 12;
/** KiB, passes, lanes: the second choice of RFC 9106 section 4, with more passes for less memory. */
const ARGON2ID = { memory: 65_536, passes: 3, parallelism: 4, tagLength: 32 } as const;
const NONCE_BYTES = 16;

const runArgon2 = promisify(argon2);

const ALGORITHMS = {
  bcrypt: renderBcrypt,
  argon2id: renderArgon2id,
} as const satisfies Record<string, (password: string) => Promise<string>>;

interface HashOptions {
  readonly algorithm: keyof typeof ALGORITHMS;
}

/** Adds `hash-password`: the password comes from standard input, never from the command line. */
export function registerHashPassword(program: Command): void {
  program
    .command('hash-password')
    .description('hash a password from standard input for the configuration')
    .addOption(
      new Option('--algorithm <name>')
        .choices(Object.keys(ALGORITHMS))
        .default('bcrypt' satisfies HashOptions['algorithm']),
    )
    .action(async ({ algorithm }: HashOptions) => {
      const password = await readPassword();
      if (password === '') throw new Error('the password is empty');
      console.log(await ALGORITHMS[algorithm](password));
    });
}

async function readPassword(): Promise<string> {
  if (process.stdin.isTTY) return promptHidden('Password: ');
  return (await text(process.stdin)).replace(/\r?\n$/, '');
}

function renderBcrypt(password: string): Promise<string> {
  if (Buffer.byteLength(password) > BCRYPT_MAX_BYTES) {
    throw new Error(`bcrypt takes at most ${BCRYPT_MAX_BYTES} bytes: use --algorithm argon2id`);
  }
  return hashBcrypt(password, { cost: BCRYPT_COST });
}

/** In the PHC string format. */
async function renderArgon2id(password: string): Promise<string> {
  const nonce = randomBytes(NONCE_BYTES);
  const tag = await runArgon2('argon2id', { message: password, nonce, ...ARGON2ID });
  const { memory, passes, parallelism } = ARGON2ID;
  const encode = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '');
  const parameters = `m=${memory},t=${passes},p=${parallelism}`;
  return `$argon2id$v=19$${parameters}$${encode(nonce)}$${encode(tag)}`;
}
