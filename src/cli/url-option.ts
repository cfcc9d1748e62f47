import { InvalidArgumentError } from 'commander';
import { UsageError } from './exit.ts';

/**
 * Creates the parser of an option that is the address of a server, without a slash at its end.
 * @param secrets - where user name and password belong: a command line is no place for them
 * @param example - of such an address
 */
export function createUrlParser(
  secrets: string,
  example = 'https://push.example.com',
): (text: string) => string {
  return (text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || !/^https?:$/.test(url.protocol)) {
      throw new InvalidArgumentError(`must be a URL such as ${example}`);
    }
    if (url.username !== '' || url.password !== '') {
      // which would print them
      throw new UsageError(`the address must have no user name or password: ${secrets}`);
    }
    if (url.search !== '' || url.hash !== '') {
      throw new InvalidArgumentError('must end with its path');
    }
    url.pathname = url.pathname.replace(/\/+$/, '');
    return url.href.replace(/\/$/, '');
  };
}
