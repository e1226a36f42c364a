/**
 * The part of ONNX's file format that our networks need, written by protobufjs: the messages, field names and numbers are
 * those of the public onnx.proto (https://github.com/onnx/onnx), all others left out.
 */
import protobuf from 'protobufjs';

const proto = `
syntax = "proto2";
package onnx;

message ModelProto {
  optional int64 ir_version = 1;
  optional string producer_name = 2;
  optional string doc_string = 6;
  optional GraphProto graph = 7;
  repeated OperatorSetIdProto opset_import = 8;
  repeated StringStringEntryProto metadata_props = 14;
}
message OperatorSetIdProto { optional string domain = 1; optional int64 version = 2; }
message StringStringEntryProto { optional string key = 1; optional string value = 2; }

message GraphProto {
  repeated NodeProto node = 1;
  optional string name = 2;
  repeated TensorProto initializer = 5;
  repeated ValueInfoProto input = 11;
  repeated ValueInfoProto output = 12;
}
message NodeProto {
  repeated string input = 1;
  repeated string output = 2;
  optional string name = 3;
  optional string op_type = 4;
  repeated AttributeProto attribute = 5;
}
message AttributeProto {
  enum AttributeType { UNDEFINED = 0; FLOAT = 1; INT = 2; INTS = 7; }
  optional string name = 1;
  optional float f = 2;
  optional int64 i = 3;
  repeated int64 ints = 8;
  optional AttributeType type = 20;
}
message TensorProto {
  repeated int64 dims = 1;
  optional int32 data_type = 2;
  optional string name = 8;
  optional bytes raw_data = 9;
}
message ValueInfoProto { optional string name = 1; optional TypeProto type = 2; }
message TypeProto {
  message Tensor { optional int32 elem_type = 1; optional TensorShapeProto shape = 2; }
  optional Tensor tensor_type = 1;
}
message TensorShapeProto {
  message Dimension { optional int64 dim_value = 1; optional string dim_param = 2; }
  repeated Dimension dim = 1;
}
`;

/** TensorProto.DataType. */
export const dataTypes = { float32: 1, int8: 3, int64: 7, float16: 10 } as const;
export type DataType = keyof typeof dataTypes;

export const elementBytes: Readonly<Record<DataType, number>> = {
  float32: 4,
  int8: 1,
  int64: 8,
  float16: 2,
};

/** An attribute's value: plain numbers are integers. */
export type AttributeValue = number | readonly number[] | { readonly float: number };

export interface OnnxNode {
  /** Of the node and of the one value that it makes. */
  readonly name: string;
  readonly opType: string;
  readonly inputs: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

export interface OnnxTensor {
  readonly name: string;
  readonly type: DataType;
  readonly shape: readonly number[];
  /** Row-major, little-endian; made when the file is. */
  readonly bytes: () => Uint8Array;
}

/** An input or output; a text among the sizes names one that is free. */
export interface OnnxValue {
  readonly name: string;
  readonly type: DataType;
  readonly shape: readonly (number | string)[];
}

/** The newest of both that all runtimes of the last years read. */
const opset = 17;
const irVersion = 8;

export interface OnnxModel {
  /** Of the graph. */
  readonly name: string;
  readonly description: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly inputs: readonly OnnxValue[];
  readonly output: OnnxValue;
  readonly nodes: readonly OnnxNode[];
  readonly tensors: readonly OnnxTensor[];
}

/** The bytes of the `*.onnx` file. */
export function encodeOnnx(model: OnnxModel): Uint8Array {
  const type = protobuf.parse(proto).root.lookupType('onnx.ModelProto');
  const { name, description, metadata, inputs, output, nodes, tensors } = model;
  const written = type.encode({
    irVersion,
    producerName: 'surge-bnn',
    docString: description,
    graph: {
      name,
      node: nodes.map(nodeProto),
      initializer: tensors.map(tensorProto),
      input: inputs.map(valueProto),
      output: [valueProto(output)],
    },
    opsetImport: [{ domain: '', version: opset }],
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  });
  // In Node the writer's bytes are a Buffer, which may be a part of a larger block.
  return new Uint8Array(written.finish());
}

function nodeProto({ name, opType, inputs, attributes }: OnnxNode) {
  return {
    name,
    opType,
    input: inputs,
    output: [name],
    attribute: Object.entries(attributes).map(([key, value]) => ({
      name: key,
      ...attributeProto(value),
    })),
  };
}

function attributeProto(value: AttributeValue) {
  if (typeof value === 'number') return { i: value, type: 2 };
  return 'float' in value ? { f: value.float, type: 1 } : { ints: value, type: 7 };
}

function tensorProto({ name, type, shape, bytes }: OnnxTensor) {
  return { name, dims: shape, dataType: dataTypes[type], rawData: bytes() };
}

function valueProto({ name, type, shape }: OnnxValue) {
  const dim = shape.map((size) =>
    typeof size === 'number' ? { dimValue: size } : { dimParam: size },
  );
  return { name, type: { tensorType: { elemType: dataTypes[type], shape: { dim } } } };
}
