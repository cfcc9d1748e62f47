import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { generateSigningKey } from '../../audit/signing-key.ts';

/** Adds `audit keygen`: a key pair that signs checkpoints. */
export function registerAuditKeygen(audit: Command): void {
  audit
    .command('keygen')
    .description('make the key pair that signs the checkpoints of an audit log')
    .option('--out <file>', 'write the private key there and the public one to <file>.pub')
    .addHelpText(
      'after',
      '\nWithout --out the private key goes to stdout, the public one to stderr.',
    )
    .action(({ out }: { readonly out?: string }) => {
      const { privateKey, publicKey } = generateSigningKey();
      if (out === undefined) {
        process.stdout.write(privateKey);
        process.stderr.write(publicKey);
        return;
      }
      writeFileSync(out, privateKey, { mode: 0o600, flag: 'wx' });
      writeFileSync(`${out}.pub`, publicKey, { flag: 'wx' });
      console.log(`${out}: private key, for audit.sign_key`);
      console.log(`${out}.pub: public key, for "pushwarden audit verify --key"`);
    });
}
