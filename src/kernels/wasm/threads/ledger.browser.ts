/** What bundlers for browsers take for ledger.ts (package.json, "browser"): a page is not told processor time, so its models always use their threads. */
export class Ledger {
  begin(): boolean {
    return true;
  }

  end(): void {}
}
