import { allow, type Decision, type Deny, deny } from '../decision.ts';
import { remember } from '../memo.ts';
import { renderName, renderQuoted } from '../printable.ts';
import { type GroupingKey, type GroupingLabel, renderPushTarget } from './grouping-key.ts';
import { parseLabelName, parseLabelValue } from './label.ts';
import {
  denyLength,
  hintBase64Slash,
  MAX_TARGET_BYTES,
  PUSH_TEMPLATE,
  splitPath,
} from './path-segment.ts';

/** Where a push or delete goes: what Pushgateway will store, and the one path that says so. */
export interface PushTarget {
  readonly key: GroupingKey;
  /** Rendered anew from the key; the key of audit, quotas and locks. */
  readonly canonical: string;
}

interface PushTargetOptions {
  /** Take `l@base64/=`, so that groups from before can be deleted. */
  readonly emptyValues: boolean;
}

const BASE64_SUFFIX = '@base64';

/**
 * Parses the request target of a push or delete, raw as it stood in the request line, to the
 * grouping key that Pushgateway would store. Refuses with `target_invalid` whatever two readers
 * could read in two ways.
 * @see pushgateway `handler/push.go`, `splitLabels`; RFC 9112 section 3.2.1
 */
export function parsePushTarget(
  rawTarget: string,
  { emptyValues }: PushTargetOptions,
): Decision<PushTarget> {
  return emptyValues ? parseDeleted(rawTarget) : parsePushed(rawTarget);
}

/** Targets that need not be parsed again: of each the same key comes back, the same object. */
const REMEMBERED = 1024;
const isSound = ({ effect }: Decision<PushTarget>): boolean => effect === 'allow';
const parsePushed = remember((raw) => parseAnew(raw, { emptyValues: false }), REMEMBERED, isSound);
const parseDeleted = remember((raw) => parseAnew(raw, { emptyValues: true }), REMEMBERED, isSound);

function parseAnew(rawTarget: string, options: PushTargetOptions): Decision<PushTarget> {
  const segments = splitPath(rawTarget);
  if (segments.effect === 'deny') return segments;
  const [root, ...components] = segments.value;
  if (root !== 'metrics') return denyStart();
  const pairs = parsePairs(components);
  if (pairs.effect === 'deny') return pairs;
  const [job, ...labels] = pairs.value;
  if (job?.name !== 'job') {
    return denyStart();
  }
  if (job.value === '') {
    const hints = ['is the variable empty that should stand behind job@base64/?'];
    return deny('target_invalid', { detail: 'the job is empty', hints });
  }
  return checkLabels(job.value, labels, options);
}

const TEMPLATE_HINT = `the path is ${PUSH_TEMPLATE}`;

function denyStart(): Deny {
  return deny('target_invalid', {
    detail: 'the path must begin with /metrics/job/',
    hints: [TEMPLATE_HINT],
  });
}

function parsePairs(components: readonly string[]): Decision<readonly GroupingLabel[]> {
  const last = components.at(-1) ?? '';
  if (components.length % 2 !== 0) {
    return deny('target_invalid', {
      detail: `${renderName(last)} has no value`,
      hints: [
        ...hintBase64Slash(components),
        ...(/^[A-Za-z_]\w*[=:][^=]/.test(last)
          ? [`write ${renderQuoted(last.replace(/[=:]/, '/'))}`]
          : []),
        TEMPLATE_HINT,
        'a value with a slash in it is written <label>@base64/<base64url>',
      ],
    });
  }
  const pairs: GroupingLabel[] = [];
  for (let index = 0; index < components.length; index += 2) {
    const pair = parsePair(components[index] ?? '', components[index + 1] ?? '');
    if (pair.effect === 'deny') return pair;
    pairs.push(pair.value);
  }
  return allow(pairs);
}

function parsePair(rawName: string, rawValue: string): Decision<GroupingLabel> {
  const isBase64 = rawName.endsWith(BASE64_SUFFIX);
  const name = isBase64 ? rawName.slice(0, -BASE64_SUFFIX.length) : rawName;
  const what = name === 'job' ? 'the job' : `label ${renderQuoted(name)}`;
  const decoded = isBase64 ? decodeBase64(rawValue, what) : allow(rawValue);
  if (decoded.effect === 'deny') return decoded;
  if (isBase64 && /[\r\n]$/.test(decoded.value)) return denyLineFeed(what);
  const value = parseLabelValue(decoded.value, what);
  if (value.effect === 'deny') return value;
  return allow({ name, value: value.value });
}

function denyLineFeed(what: string): Deny {
  return deny('target_invalid', {
    detail: `${what} ends in a line feed`,
    hints: ["printf '%s' VALUE | base64, not echo, which adds one"],
  });
}

const BASE64URL = /^([A-Za-z0-9_-]*)={0,2}$/;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Decodes base64url, padded or not; a lone `=` is the empty value. Stray bits at the end, which
 * would give one value several spellings, are refused.
 * @see RFC 4648 section 5 and 3.5
 */
function decodeBase64(text: string, what: string): Decision<string> {
  const digits = BASE64URL.exec(text)?.[1];
  const bytes = Buffer.from(digits ?? '', 'base64url');
  if (digits === undefined || bytes.toString('base64url') !== digits) {
    return deny('target_invalid', {
      detail: `${what} is not base64url`,
      hints: [
        'use A-Z a-z 0-9 - _ (RFC 4648 section 5), with or without padding, in one line',
        "printf '%s' VALUE | base64 -w0 | tr '/+' '_-' makes it",
      ],
    });
  }
  try {
    return allow(UTF8.decode(bytes));
  } catch {
    return deny('target_invalid', {
      detail: `${what} is not UTF-8`,
      hints: ['encode the bytes of UTF-8: é is w6k'],
    });
  }
}

function checkLabels(
  job: string,
  labels: readonly GroupingLabel[],
  { emptyValues }: PushTargetOptions,
): Decision<PushTarget> {
  const names = new Set<string>();
  for (const { name, value } of labels) {
    const checked = parseLabelName(name);
    if (checked.effect === 'deny') return checked;
    if (names.has(name)) {
      return deny('target_invalid', {
        detail: `label ${renderQuoted(name)} is there twice`,
        hints: ['leave one of them out'],
      });
    }
    names.add(name);
    if (value === '' && !emptyValues) {
      return deny('target_invalid', {
        detail: `label ${renderQuoted(name)} has an empty value`,
        hints: ['leave the label out: Prometheus takes an empty value for an absent label'],
      });
    }
  }
  const key = { job, labels: labels.toSorted((a, b) => (a.name < b.name ? -1 : 1)) };
  const canonical = renderPushTarget(key);
  if (canonical.length > MAX_TARGET_BYTES) {
    const detail = `the path is longer than ${MAX_TARGET_BYTES} bytes once its values are base64url`;
    return denyLength(detail);
  }
  return allow({ key, canonical });
}
