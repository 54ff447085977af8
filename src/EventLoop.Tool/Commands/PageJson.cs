using System.Text.Json.Serialization;

namespace EventLoop.Tool.Commands;

[JsonSerializable(typeof(string))]
internal sealed partial class PageJson : JsonSerializerContext;
