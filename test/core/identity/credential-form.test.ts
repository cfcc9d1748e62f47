import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createToken } from '../../../src/cli/token-create.ts';
import { parseAuthorization } from '../../../src/core/identity/authorization-header.ts';
import {
  explainBearerForm,
  explainPasswordForm,
  explainTokenForm,
} from '../../../src/core/identity/credential-form.ts';
import { denied } from '../../support/decision.ts';

const SECRET = 'Zm9vYmFy';
const basic = (userPass: string): string => `Basic ${Buffer.from(userPass).toString('base64')}`;

const CASES: Readonly<Record<string, readonly [header: string, detail: RegExp]>> = {
  nothing: ['', /is empty/],
  'a scheme alone': ['Bearer ', /ends after its scheme/],
  'no scheme': [SECRET, /the scheme is missing/],
  'a token without its scheme': [`pwt_${SECRET}`, /the scheme is missing/],
  'user name and password without a scheme': [`ci:${SECRET}`, /the scheme is missing/],
  'another scheme': [`Token ${SECRET}`, /the scheme of the .* is not taken/],
  'an unknown scheme': [`Foo ${SECRET}`, /neither Basic nor Bearer/],
  'the scheme twice': [`Bearer Bearer ${SECRET}`, /scheme twice/],
  'two schemes': [`Bearer Basic ${SECRET}`, /scheme twice/],
  quotes: [`Bearer "${SECRET}"`, /quotes/],
  'quotes around it all': [`'Bearer ${SECRET}'`, /quotes/],
  'a colon behind the scheme': [`Bearer: ${SECRET}`, /a sign stands between/],
  'a variable': ['Bearer $TOKEN', /variable or placeholder/],
  'a placeholder': ['Bearer <token>', /variable or placeholder/],
  'a line feed as an escape': [`Bearer ${SECRET}\\n`, /line feed or blank behind/],
  'two blanks': [`Bearer  ${SECRET}`, /more than one blank/],
  'a blank inside': [`Bearer ${SECRET} ${SECRET}`, /blank inside the token/],
  'user name and password as a token': [`Bearer ci:${SECRET}`, /a colon in the token/],
  'a character of no token': [`Bearer ${SECRET}é`, /a character that no token has/],
  'Basic in plain text': [`Basic ci:${SECRET}`, /not in base64/],
  'a token behind Basic': [`Basic pwt_${SECRET}`, /base64url or a token/],
  'base64 that is broken': ['Basic Zm9', /not whole base64/],
  'Basic without a colon': [basic(SECRET), /without ":"/],
  'a token as password without a user name': [basic(`:pwt_${SECRET}`), /without a user name/],
  'a line feed in the password': [basic(`ci:${SECRET}\n`), /line feed at the end of the password/],
};
for (const [name, [header, detail]] of Object.entries(CASES)) {
  test(`a credential of the wrong form is explained: ${name}`, () => {
    const refusal = denied(parseAuthorization(header));
    assert.equal(refusal.reason, 'credential_invalid');
    assert.match(refusal.detail ?? '', detail);
    assert.ok((refusal.hints ?? []).length > 0);
    assert.ok(!JSON.stringify(refusal).includes(SECRET), 'it holds the secret');
  });
}

test('a token in place of the user name is told by its checksum, whatever the password is', () => {
  const token = createToken();
  for (const password of ['', 'x', 'x-oauth-basic']) {
    const { detail, hints, internal } = denied(parseAuthorization(basic(`${token}:${password}`)));
    assert.equal(detail, 'a token stands where the user name should');
    assert.ok(!JSON.stringify({ detail, hints, internal }).includes(token));
  }
  assert.equal(parseAuthorization(basic(`pwt_ci:${token}`)).effect, 'allow');
});

test('a damaged token is told by its checksum, a whole one or one of elsewhere is not', () => {
  const token = createToken();
  assert.equal(explainTokenForm(token), undefined);
  assert.equal(explainTokenForm('some-other-token'), undefined);
  const short = explainTokenForm(token.slice(0, -3));
  assert.equal(short?.detail, 'the token is damaged: it is too short by 3');
  const changed = token.slice(0, 9) + (token[9] === 'A' ? 'B' : 'A') + token.slice(10);
  assert.match(explainTokenForm(changed)?.detail ?? '', /a character is another one/);
  assert.match(explainTokenForm(token.toUpperCase())?.detail ?? '', /damaged/);
});

test('a JWT that is cut is told by its parts, whole ones are nothing to be told of', () => {
  const whole = `eyJhbGciOiJSUzI1NiJ9.e30.${SECRET}`;
  assert.equal(explainBearerForm(whole), undefined);
  const cut = explainBearerForm('eyJhbGciOiJSUzI1NiJ9.e30');
  assert.equal(cut?.detail, 'a JWT has three parts with points between them, this one has 2');
});

test('a token that looks like the hash in a configuration gets a hint, and no other detail', () => {
  const { detail, hints } = explainBearerForm('ab'.repeat(32)) ?? {};
  assert.equal(detail, undefined);
  assert.match(hints?.join() ?? '', /the sha256 of a configuration\? send the token/);
});

test('a token as password gets a hint on the user name, a password none', () => {
  const jwt = `eyJhbGciOiJSUzI1NiJ9.e30.${SECRET}`;
  for (const password of [createToken(), jwt]) {
    const { detail, hints } = explainPasswordForm(password) ?? {};
    assert.equal(detail, undefined);
    assert.match(hints?.join() ?? '', /the user name is the name of the credential/);
  }
  assert.equal(explainPasswordForm('correct horse'), undefined);
});

test('a request without a credential is told how to send one with curl', () => {
  const { reason, hints } = denied(parseAuthorization(undefined));
  assert.equal(reason, 'credential_missing');
  assert.match(hints?.join() ?? '', /-H "Authorization: Bearer \$TOKEN", or --user NAME:PASSWORD/);
});
