/**
 * Rotary parameters from config.json, in the forms that it has taken: `rope_parameters` (per kind of layer in ModernBERT), `rope_theta`,
 * NomicBERT's `rotary_emb_base`. Scaled variants (NTK, YaRN, ...) would give other angles and are refused.
 */

import type { Config } from "./config.ts";

/**
 * Theta, the base of the angles.
 * @param names older fields that hold it
 * @param layerType the key in rope_parameters, where these are per kind of layer
 */
export function rotaryTheta(config: Config, names: readonly string[], fallback: number, layerType?: string): number {
  const outer = config.object("rope_parameters");
  const inner = layerType ? outer?.[layerType] : outer;
  const parameters = typeof inner === "object" && inner !== null ? (inner as Readonly<Record<string, unknown>>) : {};
  const scaling = config.object("rope_scaling");
  const kind = parameters.rope_type ?? scaling?.rope_type ?? scaling?.type ?? "default";
  if (kind !== "default") {
    throw config.unsupported(`rope_type ${JSON.stringify(kind)}`);
  }
  const theta = parameters.rope_theta;
  return typeof theta === "number" && theta > 0 ? theta : config.positive(names, { fallback });
}
