/**
 * A WGSL kernel from its parts: bindings and parameters are declared once, and the text around the body is generated.
 *
 *   binding 0        uniform Params: sizes, offsets, strides, factors (u32 or f32), at a dynamic offset in one buffer for the whole pass
 *   binding 1 .. n   what is read, in the order of `reads`: "x" is array<f32>, "index: i32" another element type
 *   binding n + 1    `out: array<f32>`, the one buffer written
 *
 * A Mat read as `x` comes with parameters x_offset and x_stride, and out with out_offset and out_stride, so views need no alignment
 * (a storage binding's own offset would have to be a multiple of 256 bytes).
 */

export interface Kernel {
  /** Cache key and label. */
  readonly name: string;
  readonly reads: number;
  /** Names in the order of the uniform, each with its type. */
  readonly params: readonly (readonly [name: string, type: "u32" | "f32"])[];
  readonly code: string;
}

export interface KernelParts {
  readonly name: string;
  /** "x" or "x: vec4<f32>". */
  readonly reads: readonly string[];
  /** Parameters besides offsets and strides: "rows" is u32, "eps: f32" is f32. */
  readonly params: readonly string[];
  /** The Mats among `reads`; default all reads without an element type. */
  readonly mats?: readonly string[];
  /** Workgroup size, [x] or [x, y]. */
  readonly workgroup: readonly number[];
  /** Workgroup variables, constants and functions before the entry point. */
  readonly declarations?: string;
  /** Body of the entry point; sees `lid` (local index), `group` (workgroup id) and `groups` (number of workgroups). */
  readonly body: string;
}

export function kernel({ name, reads, params, mats, workgroup, declarations = "", body }: KernelParts): Kernel {
  const views = [...(mats ?? reads.filter((read) => !read.includes(":"))), "out"];
  const named = [
    ...params.map(parseParam),
    ...views.flatMap(
      (view) =>
        [
          [`${view}_offset`, "u32"],
          [`${view}_stride`, "u32"],
        ] as const,
    ),
  ];
  const bindings = reads.map((read, i) => {
    const [variable, element = "f32"] = read.split(/: ?/);
    return `@group(0) @binding(${i + 1}) var<storage, read> ${variable}: array<${element}>;`;
  });
  const code = `// ${name}
struct Params {
${named.map(([param, type]) => `  ${param}: ${type},`).join("\n")}
}
@group(0) @binding(0) var<uniform> p: Params;
${bindings.join("\n")}
@group(0) @binding(${reads.length + 1}) var<storage, read_write> out: array<f32>;
${declarations}
@compute @workgroup_size(${workgroup.join(", ")})
fn main(@builtin(local_invocation_index) lid: u32, @builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
${body}
}
`;
  return { name, reads: reads.length, params: named, code };
}

function parseParam(param: string): readonly [string, "u32" | "f32"] {
  const [name = "", type = "u32"] = param.split(/: ?/);
  return [name, type === "f32" ? "f32" : "u32"];
}

/** Workgroups for `count` items in one or two dimensions: no dimension may pass 65535. In WGSL the item is group.x + group.y * groups.x. */
export function spread(count: number): readonly [number, number, number] {
  const x = Math.min(count, 32768);
  return [x, Math.ceil(count / Math.max(1, x)), 1];
}
