using System.Collections.Immutable;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace EventLoop.Tests.Surface;

/// <summary>
/// Which room of <c>src/EventLoop</c> uses which, read from the compiled assembly: a type belongs to the folder of its source file, which the debugging
/// information names, and uses the types that its signatures, fields, attributes and instructions name.
/// </summary>
internal sealed class RoomReader
{
    private static readonly Guid TypeDefinitionDocuments = new("932E74BC-DBA9-4478-8D46-0F32A7BAB3D3");

    private readonly MetadataReader code;
    private readonly MetadataReader source;
    private readonly PEReader image;
    private readonly Dictionary<TypeDefinitionHandle, string> rooms = [];
    private readonly Dictionary<(string From, string To), SortedSet<string>> uses = [];

    private RoomReader(PEReader image, MetadataReader source)
    {
        this.image = image;
        this.source = source;
        code = image.GetMetadataReader();
        foreach (var type in code.TypeDefinitions)
        {
            if (code.GetTypeDefinition(type).GetDeclaringType().IsNil && FileOf(type) is { } file)
            {
                rooms[type] = RoomOf(file);
            }
        }

        foreach (var type in code.TypeDefinitions)
        {
            ReadType(type);
        }
    }

    /// <summary>The arrows, each with examples ("user → used").</summary>
    internal IReadOnlyDictionary<(string From, string To), SortedSet<string>> Uses => uses;

    internal IEnumerable<string> Rooms => rooms.Values.Distinct().Order(StringComparer.Ordinal);

    internal static RoomReader Read(string assemblyPath)
    {
        using var image = new PEReader(ImmutableArray.Create(File.ReadAllBytes(assemblyPath)));
        using var symbols = MetadataReaderProvider.FromPortablePdbImage(ImmutableArray.Create(File.ReadAllBytes(Path.ChangeExtension(assemblyPath, ".pdb"))));
        return new RoomReader(image, symbols.GetMetadataReader());
    }

    // ---- Where a type stands

    // The front door has no folder.
    private static string RoomOf(string file)
    {
        const string top = "/src/EventLoop/";
        string path = file.Replace('\\', '/');
        int at = path.LastIndexOf(top, StringComparison.Ordinal);
        if (at < 0 || path.Contains("/obj/", StringComparison.Ordinal))
        {
            return "Debugging";      // generated: the messages of the log
        }

        string within = path[(at + top.Length)..];
        return within.Contains('/') ? within[..within.LastIndexOf('/')] : "Loop";
    }

    private string? FileOf(TypeDefinitionHandle handle)
    {
        foreach (var member in code.GetTypeDefinition(handle).GetMethods())
        {
            var debug = source.GetMethodDebugInformation(member);
            if (!debug.Document.IsNil)
            {
                return NameOf(debug.Document);
            }

            foreach (var point in debug.GetSequencePoints())
            {
                return NameOf(point.Document);
            }
        }

        foreach (var entry in source.GetCustomDebugInformation(handle))
        {
            var information = source.GetCustomDebugInformation(entry);
            if (source.GetGuid(information.Kind) == TypeDefinitionDocuments)
            {
                return NameOf(MetadataTokens.DocumentHandle(source.GetBlobReader(information.Value).ReadCompressedInteger()));
            }
        }

        return code.GetTypeDefinition(handle).GetNestedTypes().Select(FileOf).FirstOrDefault(static file => file is not null);
    }

    private string NameOf(DocumentHandle document) => source.GetString(source.GetDocument(document).Name);

    private TypeDefinitionHandle Outermost(TypeDefinitionHandle handle)
    {
        while (code.GetTypeDefinition(handle).GetDeclaringType() is { IsNil: false } outer)
        {
            handle = outer;
        }

        return handle;
    }

    // ---- What it uses

    private void ReadType(TypeDefinitionHandle handle)
    {
        if (!rooms.TryGetValue(Outermost(handle), out string? room))
        {
            return;
        }

        var type = code.GetTypeDefinition(handle);
        var names = new UsedTypes(used => Note(room, handle, used));
        names.Add(type.BaseType, code);
        foreach (var implementation in type.GetInterfaceImplementations())
        {
            names.Add(code.GetInterfaceImplementation(implementation).Interface, code);
        }

        foreach (var field in type.GetFields())
        {
            code.GetFieldDefinition(field).DecodeSignature(names, null);
        }

        foreach (var member in type.GetMethods())
        {
            var method = code.GetMethodDefinition(member);
            method.DecodeSignature(names, null);
            if (method.RelativeVirtualAddress != 0)
            {
                var body = image.GetMethodBody(method.RelativeVirtualAddress);
                if (!body.LocalSignature.IsNil)
                {
                    code.GetStandaloneSignature(body.LocalSignature).DecodeLocalSignature(names, null);
                }

                ReadInstructions(body.GetILReader(), names);
            }
        }
    }

    private void ReadInstructions(BlobReader instructions, UsedTypes names)
    {
        while (instructions.RemainingBytes > 0)
        {
            ushort number = instructions.ReadByte();
            if (number == 0xFE)
            {
                number = (ushort)(0xFE00 | instructions.ReadByte());
            }

            switch (Instructions.OperandOf(number))
            {
                case OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType:
                    names.Add(MetadataTokens.EntityHandle(instructions.ReadInt32()), code);
                    break;
                case OperandType.InlineSwitch:
                    int targets = instructions.ReadInt32();
                    instructions.Offset += 4 * targets;
                    break;
                case OperandType.InlineI8 or OperandType.InlineR:
                    instructions.Offset += 8;
                    break;
                case OperandType.InlineNone:
                    break;
                case OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar:
                    instructions.Offset += 1;
                    break;
                case OperandType.InlineVar:
                    instructions.Offset += 2;
                    break;
                default:
                    instructions.Offset += 4;
                    break;
            }
        }
    }

    private void Note(string from, TypeDefinitionHandle user, TypeDefinitionHandle used)
    {
        if (!rooms.TryGetValue(Outermost(used), out string? to) || from == to)
        {
            return;
        }

        if (!uses.TryGetValue((from, to), out var examples))
        {
            uses[(from, to)] = examples = new SortedSet<string>(StringComparer.Ordinal);
        }

        examples.Add($"{NameOf(Outermost(user))} → {NameOf(Outermost(used))}");
    }

    private string NameOf(TypeDefinitionHandle handle) => code.GetString(code.GetTypeDefinition(handle).Name);

    private static class Instructions
    {
        private static readonly Dictionary<ushort, OperandType> Operands = typeof(OpCodes).GetFields()
            .Select(static field => (OpCode)field.GetValue(null)!)
            .ToDictionary(static code => (ushort)code.Value, static code => code.OperandType);

        internal static OperandType OperandOf(ushort number) => Operands[number];
    }

    /// <summary>Walks signatures and tells of each type of this assembly that they name.</summary>
    private sealed class UsedTypes(Action<TypeDefinitionHandle> found) : ISignatureTypeProvider<int, object?>
    {
        internal void Add(EntityHandle handle, MetadataReader code)
        {
            switch (handle.IsNil ? (HandleKind?)null : handle.Kind)
            {
                case HandleKind.TypeDefinition:
                    found((TypeDefinitionHandle)handle);
                    break;
                case HandleKind.TypeSpecification:
                    code.GetTypeSpecification((TypeSpecificationHandle)handle).DecodeSignature(this, null);
                    break;
                case HandleKind.MethodDefinition:
                    var method = code.GetMethodDefinition((MethodDefinitionHandle)handle);
                    found(method.GetDeclaringType());
                    method.DecodeSignature(this, null);
                    break;
                case HandleKind.FieldDefinition:
                    var field = code.GetFieldDefinition((FieldDefinitionHandle)handle);
                    found(field.GetDeclaringType());
                    field.DecodeSignature(this, null);
                    break;
                case HandleKind.MemberReference:
                    Add(code.GetMemberReference((MemberReferenceHandle)handle).Parent, code);
                    break;
                case HandleKind.MethodSpecification:
                    var generic = code.GetMethodSpecification((MethodSpecificationHandle)handle);
                    Add(generic.Method, code);
                    generic.DecodeSignature(this, null);
                    break;
            }
        }

        public int GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind)
        {
            found(handle);
            return 0;
        }

        public int GetTypeFromSpecification(MetadataReader reader, object? genericContext, TypeSpecificationHandle handle, byte rawTypeKind) =>
            reader.GetTypeSpecification(handle).DecodeSignature(this, genericContext);

        public int GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind) => 0;

        public int GetPrimitiveType(PrimitiveTypeCode typeCode) => 0;

        public int GetSZArrayType(int elementType) => 0;

        public int GetArrayType(int elementType, ArrayShape shape) => 0;

        public int GetByReferenceType(int elementType) => 0;

        public int GetPointerType(int elementType) => 0;

        public int GetPinnedType(int elementType) => 0;

        public int GetFunctionPointerType(MethodSignature<int> signature) => 0;

        public int GetGenericInstantiation(int genericType, ImmutableArray<int> typeArguments) => 0;

        public int GetGenericMethodParameter(object? genericContext, int index) => 0;

        public int GetGenericTypeParameter(object? genericContext, int index) => 0;

        public int GetModifiedType(int modifier, int unmodifiedType, bool isRequired) => 0;
    }
}
