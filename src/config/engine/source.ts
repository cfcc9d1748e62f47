/** Where a configuration comes from. */
export interface Source {
  /** Relative paths are relative to it; absolute. */
  readonly directory: string;
  readonly text: string;
  /** False leaves secrets and the files that they are in alone. */
  readonly readsSecrets: boolean;
  /** The gateway's name among several; left out for one that is alone. */
  readonly instance?: string | undefined;
}
