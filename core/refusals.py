"""What each refusal says in English, for those who use core without pages.

A key is an error's code; behind a colon stands which of several wordings of that code it is. The names in
braces are the error's facts; ``core.errors`` says how ``!b``, ``:list``, ``:place`` and the like write them.
"""

from collections.abc import Mapping
from types import MappingProxyType

_LAYER = (
    "A layer is written as in a model, such as Conv2d(64, 128, 3, groups=2), with one of {kinds:list}; "
    "it was {text!r}: {why}."
)
_COMPARISON = "A comparison is written as in classic_uniform-normal(std=0.02).512x256; {given} is not "
_NETWORK = "A network is written as in 3-4.xavier_normal.sigmoid-2.softmax; {given} is not "

#: Why a text is no layer: the fact ``why`` of such a refusal.
REASONS: Mapping[str, str] = MappingProxyType(
    {
        "shape.layer": "it is not one of these, written with plain numbers",
        "shape.layer:no_text": "it is {kind}, not text",
        "shape.layer:starred": "its arguments are not written out",
        "shape.layer_built": "{said}",
        "shape.layer_built:kind": "an argument is of a kind that it does not take",
        "shape.layer_built:repeated": "multiple values for argument {argument!r}",
        "shape.layer_empty": (
            "torch builds it with a weight of {sizes}: no weights, so there is nothing to draw"
        ),
        "shape.layer_fails": "torch can build it but not run it: {said}",
        "shape.layer_large": "a number there is at most {most}; it was {value}",
        "shape.layer_large:longer": "a number there is at most {most}; it was a longer one",
        "shape.layer_name": "{word} has no value here; a number must stand there",
        "shape.layer_negative": "{argument} must not be negative; it was {value}",
        "shape.layer_place": "{argument} must be one of torch's, such as {example}; it was {value}",
        "shape.layer_runs": (
            "torch can build it but not run it: {argument} takes {dimensions} whole "
            "{dimensions:number|numbers} from {least}, not {value}"
        ),
        "shape.layer_weight": "it has no weight {word}; there are {weights:list}",
        "shape.layer_whole": "{argument} must be a whole number; it was {value}",
        "shape.layer_worked": "only arithmetic on whole numbers is allowed here",
        "shape.layer_worked:zero": "it divides by 0",
    }
)

TEMPLATES: Mapping[str, str] = MappingProxyType(
    {
        "checkpoint.apart": (
            "{entry} in {file} begins at byte {begin}; what comes before ends at {wanted}, where it "
            "must begin."
        ),
        "checkpoint.beside": (
            "Of a folder one format is read, here {format}; to read {file}, give its own path."
        ),
        "checkpoint.blocks": (
            "{entry} in {file} is kept in blocks; to read them, install {library}: pip install {library}."
        ),
        "checkpoint.changed": "{file} changed while it was read; read it again once nothing writes to it.",
        "checkpoint.counted": (
            "What was counted of {file} does not add up at {entry}; count it again, or read the file itself."
        ),
        "checkpoint.damaged": (
            "{entry} in {file} is damaged: it is not what was written; copy or download the file again."
        ),
        "checkpoint.deep": "{entry} in {file} lies deeper than {most} levels; that many are read.",
        "checkpoint.deflated": (
            "{entry} in {file} is compressed; only members that are stored as they are can be read, as "
            "torch and Keras write them."
        ),
        "checkpoint.dtype": (
            "{entry} in {file} has the dtype {dtype}; those that are read are {allowed:list}."
        ),
        "checkpoint.duplicate": "{file} has {entry} twice; a name must occur once.",
        "checkpoint.elsewhere": (
            "{entry} in {file} lies in another file, or leads to one; only what is in the file itself "
            "is read."
        ),
        "checkpoint.empty": "{file} is empty, 0 bytes; copy or download it again.",
        "checkpoint.entries": (
            "{file} has too many entries or names too long; at most {most} entries are read."
        ),
        "checkpoint.entry": "{entry} in {file} must have {fields:list} and nothing else; it is {given}.",
        "checkpoint.expands": (
            "{entry} in {file} claims {given} bytes from {size} compressed ones, more than they can give."
        ),
        "checkpoint.files": "{file} has more than {most} files, the most that are read together.",
        "checkpoint.folder": "The folder {file} has no file of weights; such files end with {formats:list}.",
        "checkpoint.foreign": "{file} is {kind}, which is not read; turn it into a file that is, with {how}.",
        "checkpoint.hdf": "HDF5 cannot read {file}: {said}. Copy or download it again.",
        "checkpoint.header": "{entry} in {file} takes {given} bytes; at most {most} are read.",
        "checkpoint.index": (
            "{file} is no index of shards: it has no weight_map from tensors' names to files; give the "
            "file of weights, or its folder."
        ),
        "checkpoint.json": "{file} has no valid JSON at byte {offset}; it must be an object there.",
        "checkpoint.lacks": "{file} lacks {entry}, which it must have; copy or download it again.",
        "checkpoint.layout": (
            "The numbers of {entry} in {file} lie too far apart, or repeat; save it as a contiguous tensor."
        ),
        "checkpoint.library": (
            "{file} is an {format} file; to read it, install {library}: pip install {library}."
        ),
        "checkpoint.missing": "There is no file or folder {file}.",
        "checkpoint.name": "A name in {file} must be text of at most {most} characters; it is {entry}.",
        "checkpoint.none": "{file} holds no tensor; save a model's state_dict().",
        "checkpoint.npy": "{entry} in {file} must begin with a header of NumPy's; it begins with {given}.",
        "checkpoint.object": (
            "{entry} in {file} is made by {given}, which would have to be run; save a state_dict() instead."
        ),
        "checkpoint.outside": (
            "{entry} in {file} lies from byte {begin} to {end}, outside of what there is up to {size}."
        ),
        "checkpoint.overlap": (
            "{entry} in {file} begins at byte {begin}, before {other} ends at {end}; tensors must not "
            "overlap."
        ),
        "checkpoint.page": "{file} is a web page, saved in place of the file; download the file itself.",
        "checkpoint.path": "A checkpoint is given as a path, or as several; this is {given}.",
        "checkpoint.pickle": (
            "{entry} in {file} has at byte {offset} {given}, which a saved state_dict has not there."
        ),
        "checkpoint.pointer": (
            "{file} is a pointer of Git LFS, not the file itself; fetch that with git lfs pull."
        ),
        "checkpoint.report": (
            "{place} is {given}, which is not as Report.to_json() writes it; give all that it wrote."
        ),
        "checkpoint.report_json": (
            "This is no JSON from line {line}, column {column} on; give all that Report.to_json() wrote."
        ),
        "checkpoint.report_long": "A report has at most {most} characters; this one has {size}.",
        "checkpoint.shape": (
            "{entry} in {file} has the shape {given}; a shape is up to 64 whole numbers from 0, of "
            "less than 2^63 bytes in all."
        ),
        "checkpoint.shard": "{file} names the file {entry}; an index may name only files within its folder.",
        "checkpoint.short": (
            "{file} ends at byte {size}, and {entry} reaches to {end}: it was cut short; copy or "
            "download it again."
        ),
        "checkpoint.size": "{entry} in {file} has {given} bytes; {dtype} of shape {shape} takes {wanted}.",
        "checkpoint.special": (
            "{file} is a device, a pipe or a socket; a checkpoint is a regular file or a folder."
        ),
        "checkpoint.steps": "{entry} in {file} takes more than {most} steps; save a state_dict() by itself.",
        "checkpoint.twice": (
            "{entry} is both in {file} and in {other}; give one of them, or shards in which each name "
            "occurs once."
        ),
        "checkpoint.unknown": (
            "{file} is in none of the formats that are read, it begins with {given}; their files end with "
            "{formats:list}."
        ),
        "checkpoint.unreadable": "{file} cannot be read: {said}.",
        "checkpoint.value": "{file} has {given} before byte {offset}; there must be {wanted}.",
        "checkpoint.version": (
            "{file} is {format} of version {given}; those that are read are {allowed:list}."
        ),
        "checkpoint.views": (
            "The tensors of {file} up to {entry} are views of the same numbers, and take more than {most} "
            "times the file; save them without sharing."
        ),
        "checkpoint.zip": (
            "{file} is no whole ZIP archive: at byte {offset} stands what must not; copy or download "
            "it again."
        ),
        "comparison.entries": "From 1 to {most} schemes can be compared; there were {given}.",
        "comparison.fans": _COMPARISON + "a layer's fans from 1 to {most}, as in 512x256.",
        "comparison.long": "A comparison's text has at most {most} characters; this one has {length}.",
        "comparison.scheme": _COMPARISON + "one of {schemes:list}.",
        "comparison.type": "A comparison is given as text; this is {kind}.",
        "device.meta": "A tensor on the {value} device has no numbers.",
        "device.missing": (
            "This machine has no {value}; it has {available:list}. "
            "The same seed gives other numbers on another device."
        ),
        "device.unknown": "The device must be one of {kinds:list}; it was {value}.",
        "dtype.device": "An {device} device has no {dtype}; choose float32, bfloat16 or float16.",
        "dtype.held": "Weights must be real numbers of one of {allowed:list}; the dtype was {value}.",
        "dtype.held:complex": (
            "Weights must be real numbers of one of {allowed:list}; the dtype was {value}. "
            "torch.view_as_real shows real and imaginary parts as such numbers."
        ),
        "dtype.held:cast": (
            "Weights must be real numbers of one of {allowed:list}; the dtype was {value}. "
            "Cast them to float32 first (quantized ones by dequantize()) if their values are the weights."
        ),
        "dtype.held:packed": (
            "Weights must be real numbers of one of {allowed:list}; the dtype was {value}. "
            "Its numbers are scales or packed pairs: unpack them to float32 first."
        ),
        "dtype.narrow": (
            "Between these cuts lie {share:.3g} of the normal law, which torch draws by rejection in "
            "{dtype}, too coarse to follow the law; choose float32 or float64."
        ),
        "dtype.orthogonal": (
            "torch cannot draw orthogonal matrices in {dtype}: choose float32 or float64, or "
            "orthogonal_cast, which draws in float32 and casts."
        ),
        "dtype.range": (
            "torch.{dtype} cannot hold weights of this law: it spans {low:.9g} to {high:.9g}"
            "{endless: (mean ± 5 std)|}, and torch.{dtype} has no number past {largest:g}."
        ),
        "dtype.slope": "The slope of {activation} is computed at a tensor of floats; this is {kind}.",
        "dtype.steps": (
            "torch.{dtype} cannot hold weights of this law: it spans {low:.9g} to {high:.9g}"
            "{endless: (mean ± 5 std)|}, and torch.{dtype} has steps of {step:g} there."
        ),
        "dtype.unknown": "{argument} must be one of {allowed:list}; it was {value}.",
        "dtype.wide": (
            "torch cannot draw weights of this law in {dtype}: it spans {low:.9g} to {high:.9g}, and the "
            "ends of a uniform law must be no further apart than {largest:g}."
        ),
        "formula.arguments": "The number of arguments of {word} is {expected}; here it is {found}.",
        "formula.bounds": "clip(u, low, high) takes two numbers, the smaller one first; here it is {word}.",
        "formula.bracket": "The bracket {word}, character {at:place}, is unmatched.",
        "formula.breaks": "The formula bends at more than {most} places.",
        "formula.call": "{word} is a function: its arguments follow it in brackets, as in {word}(z).",
        "formula.character": "{word!r}, character {at:place}, cannot stand there in a formula.",
        "formula.comma": (
            "The comma, character {at:place}, separates no function's arguments; decimals take a point."
        ),
        "formula.constant": (
            "An activation depends on z; {text} is the same wherever it was looked at from z = −50 to 50."
        ),
        "formula.deep": "The formula nests more than {most} operations at character {at:place}.",
        "formula.division": "The formula divides by {part}, which is 0 at z = {z:.6g}.",
        "formula.empty": "There is no formula.",
        "formula.exponent": "An exponent must be a number, or its base a positive one; here it is {word}.",
        "formula.input": "{word}, character {at:place}, lacks z, which comes first, as in {example}.",
        "formula.jump": "The formula jumps at z = {z:.6g}; an activation is continuous.",
        "formula.keyword": (
            "{word} takes {names:list}, each once; {argument} is not among them, or given twice."
        ),
        "formula.long": "A formula has at most {most} characters; this one has {length}.",
        "formula.name": "{word}, character {at:place}, is unknown; the known names are {names:list}.",
        "formula.names": "Named arguments follow unnamed ones, each name once.",
        "formula.number": "{word}, character {at:place}, is not a finite number.",
        "formula.operand": (
            "Between {left:or the beginning} and {right:or the end}, character {at:place}, "
            "there is no number, variable or function."
        ),
        "formula.operator": (
            "Between {left} and {right}, character {at:place}, there is no operator; "
            "a product is written {left}*{right}."
        ),
        "formula.parameter": (
            "{word} is not defined: after the first, the arguments of {function} must be numbers "
            "that torch accepts."
        ),
        "formula.power": "An exponent must lie between −{most} and {most}; here it is {word}.",
        "formula.slope": "{part} has no finite slope at z = {z:.6g}.",
        "formula.type": "A formula is text; this is {kind}.",
        "formula.undefined": "{part} is not defined at z = {z:.6g}, where {argument} is {value:.6g}.",
        "formula.value": "{part} has no finite value at z = {z:.6g}.",
        "formula.variables": (
            "A formula has one variable; this one has {left} and, character {at:place}, {right}."
        ),
        "network.batch": "A batch size is a whole number from 1, or −1 for any; this is {given}.",
        "network.dtypes": "dtypes are one torch.dtype for each of the {inputs} inputs; this is {given}.",
        "network.edit": (
            "A number set by hand is written as in w1.2.3=0.5 (layer 1, unit 2, input 3) or x1.2=-1 (row 1, "
            "feature 2), and is 0 or from {smallest} to {largest} in size; this is {word}."
        ),
        "network.edit_place": "This network or its input has no place {word}.",
        "network.edit_twice": "Each place is set once; {word} sets one that another sets too.",
        "network.edits": "At most {most} numbers are set by hand; here are {given}.",
        "network.edits_long": "Numbers set by hand have at most {most} characters; these have {length}.",
        "network.example": "The module cannot be run on this example, {given}: {said}.",
        "network.input": "The network takes inputs of shape (batch, {inputs}); this one has {shape}.",
        "network.input_dtype": "The network computes in {own}; the input is {dtype}.",
        "network.labels": (
            "Labels are whole numbers from 0 to {last}, one for each of the {rows} rows; they were {given}."
        ),
        "network.layers": "A network has from 1 to {most} layers; there were {given}.",
        "network.lazy": "{part} has no sizes before its first input; run one through it.",
        "network.long": "A network's text has at most {most} characters; this one has {length}.",
        "network.module": "A module is a torch.nn.Module; this is {kind}.",
        "network.outputs": (
            "A module whose signal is measured gives a tensor of floats, or several; this one gives {kind}."
        ),
        "network.parameters": "These are not this network's parameters, {names:list}, in name and shape.",
        "network.summary": "torchsummary cannot run this module on inputs of {shape}: {said}.",
        "network.summary:large": "An input of a summary may hold {most} numbers; this is {given}.",
        "network.summary:sizes": (
            "An input size is a sequence of whole numbers, or for several inputs a sequence of such; "
            "this is {given}."
        ),
        "network.tensor": "The network takes a dense tensor on {device}; this is {given}.",
        "network.type": "A network is given as text; this is {kind}.",
        "network.units": _NETWORK + "a number of units from 1 to {most}.",
        "network.word": _NETWORK
        + "one scheme that fills a matrix, one of {follows:list}, zeros_bias or no_bias.",
        "parameter.bins": "bins must be a whole number from 1 to 10000; it was {value!b}.",
        "parameter.choice": "{name} must be one of {choices:list}; it was {value!b}.",
        "parameter.choice:formula": (
            "{name} must be one of {choices:list}, or a formula of z; it was {value!b}."
        ),
        "parameter.continuous:largest": (
            "A law of points has no expected largest draw; a law with a continuous part has."
        ),
        "parameter.continuous:rounded": (
            "A law of points has nothing to round; a law with a continuous part has."
        ),
        "parameter.cut": "[a, b] must come within {limit} std of the mean; it lies {distance:.3g} std away.",
        "parameter.kind": "{name} must be {wanted}; it was {value}.",
        "parameter.mean": (
            "The means of {value} over inputs from N(0, {q:g}) do not exist, or cannot be found to 8 digits; "
            "those of an activation that grows or oscillates more slowly can."
        ),
        "parameter.merge": "Only summaries over the same edges, bands and atoms can be merged.",
        "parameter.number:any": (
            "{name} must be 0 or a number between {smallest:g} and {largest:g} in size; it was {value!b}."
        ),
        "parameter.number:any_not_0": (
            "{name} must be a number between {smallest:g} and {largest:g} in size; it was {value!b}."
        ),
        "parameter.number:between": (
            "{name} must be a number from {minimum:g} to {maximum:g}; it was {value!b}."
        ),
        "parameter.number:bias": (
            "{name} must be none, torch, or the standard deviation of a normal one; it was {value!b}."
        ),
        "parameter.number:correlation": "{name} must be a number from −1 to 1; it was {value!b}.",
        "parameter.number:depth": (
            "{name} must be a whole number of 1 or more; it was {value!b}. At most it is 10000."
        ),
        "parameter.number:finite": "{name} must be a finite number and not negative; it was {value!b}.",
        "parameter.number:not_0": "{name} must be a positive number; it was 0.",
        "parameter.number:positive": (
            "{name} must be a number between {smallest:g} and {largest:g} in size and not negative; "
            "it was {value!b}."
        ),
        "parameter.number:positive_or_0": (
            "{name} must be 0 or a number between {smallest:g} and {largest:g} in size and not negative; "
            "it was {value!b}."
        ),
        "parameter.number:short": (
            "{name} must be a whole number from {minimum:g} to {maximum:g}; it was {value!b}."
        ),
        "parameter.number:whole": (
            "{name} must be a whole number from {minimum} to {maximum}; it was {value!b}."
        ),
        "parameter.order": "a must be less than b; they were a = {a!r} and b = {b!r}.",
        "parameter.seed": "The seed must be a whole number from -2^63 to 2^64 - 1; it was {value!b}.",
        "parameter.text": "Parameters are written as in code, such as gain=2, a=0; they were {text!r}.",
        "parameter.unknown": "{scheme} takes {takes:or no parameters}; it was given {given}.",
        "scheme.duplicate": "Two rows have the same key.",
        "scheme.unknown": "There is no scheme {value!b}; there are {schemes:list}.",
        "shape.dirac": (
            "dirac fills a convolution, (out, in, *kernel) with one to three kernel sizes, whose out divides "
            "into {groups} {groups:group|groups}; this shape is {shape}."
        ),
        "shape.empty": "An empty tensor has no weights to summarise.",
        "shape.fans": (
            "Fans are whole numbers or Fractions, more than 0 and up to 2^63 - 1; they were {shape}."
        ),
        "shape.fans:dimensions": (
            "Fans need a weight of at least two dimensions, (fan_out, fan_in, *kernel); "
            "this shape has {dimensions}: {shape}."
        ),
        "shape.kernel": (
            "dirac fills a convolution, (out, in, *kernel) with one to three kernel sizes; "
            "this shape is {shape}."
        ),
        "shape.lazy": (
            "A lazy module's weight has no sizes and no numbers before its first input; run one through it."
        ),
        "shape.matrix": (
            "{scheme} fills a matrix, (rows, columns); this shape has {dimensions} dimensions: {shape}."
        ),
        "shape.sizes": (
            "A weight shape is a sequence of whole numbers from 1, such as (256, 512), of {most} dimensions "
            "and 2^63 - 1 weights at most; it was {shape}."
        ),
        "size.held": "{n:,} weights are more than the {limit:,} that can be drawn at once.",
        "size.memory": "Drawing these weights takes {needed:GB} of memory, and {memory:GB} are free.",
        "size.signal": (
            "This run would hold {needed:GB}, and {memory:GB} are free. "
            "A smaller batch, width or depth needs less."
        ),
        "size.work": (
            "{function} would take {work:.3g} steps here; the limit is {limit:.3g}. "
            "A smaller layer takes fewer."
        ),
        "size.work:cuts": (
            "{function} would take {work:.3g} steps here; the limit is {limit:.3g}. "
            "A smaller layer takes fewer, and so do wider cuts."
        ),
        "table.cell": (
            "Every cell must be a finite number that float64 holds; line {row}, cell {column} is {cell!r}."
        ),
        "table.empty": "There is no row of numbers.",
        "table.marks": (
            "A table has decimal commas or decimal points; this one has both, {comma!r} and {point!r}."
        ),
        "table.numbers": "A table is rows of finite numbers.",
        "table.ragged": (
            "Every row must have the same number of values: line {row} has {cells}, the first {wanted}."
        ),
        "table.rows": "A table may have {most} rows; this one has {rows}.",
        "table.thousands": (
            "Write numbers without thousands separators; line {row}, cell {column} is {cell!r}."
        ),
        "table.type": "A table is text; this is {kind}.",
        **dict.fromkeys(REASONS, _LAYER),
    }
)
