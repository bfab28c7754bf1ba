/**
 * One GPU device for all models of a `webgpu()`: requested by the first, destroyed after the last, requested anew when lost.
 */

import { requestDevice, type WebGpuOptions } from "./device.ts";
import { Pipelines } from "./pipelines.ts";

interface Lent {
  readonly pipelines: Pipelines;
  /** To be called once, when the borrower is disposed. */
  readonly giveBack: () => void;
}

interface OpenDevice {
  readonly pipelines: Pipelines;
  users: number;
  isGone: boolean;
}

export class DeviceLender {
  readonly #options: WebGpuOptions;
  #current: Promise<OpenDevice> | undefined;

  constructor(options: WebGpuOptions) {
    this.#options = options;
  }

  /** @throws UnsupportedError where there is no device to be had; nothing is remembered then, a GPU may appear later */
  async borrow(): Promise<Lent> {
    for (;;) {
      this.#current ??= open(this.#options);
      const asked = this.#current;
      const device = await asked.catch((error: unknown) => {
        if (this.#current === asked) this.#current = undefined;
        throw error;
      });
      if (!device.isGone) {
        device.users++;
        return { pipelines: device.pipelines, giveBack: () => giveBack(device) };
      }
      if (this.#current === asked) this.#current = undefined;
    }
  }
}

async function open(options: WebGpuOptions): Promise<OpenDevice> {
  const device = await requestDevice(options);
  const opened: OpenDevice = { pipelines: new Pipelines(device), users: 0, isGone: false };
  void device.lost.then(() => {
    opened.isGone = true;
  });
  return opened;
}

function giveBack(device: OpenDevice): void {
  device.users--;
  if (device.users > 0) return;
  device.isGone = true;
  device.pipelines.device.destroy();
}
