/** `using model = await loadModel()` where the runtime has Symbol.dispose (Node 20 does); nothing where it has not. */

interface Disposable {
  dispose(): void;
}

/** Gives a class of models its [Symbol.dispose], which its type declares. */
export function makeUsable({ prototype }: { readonly prototype: Disposable }): void {
  const { dispose } = Symbol as { readonly dispose?: symbol };
  if (dispose) Object.defineProperty(prototype, dispose, { value: prototype.dispose, writable: true, configurable: true });
}
