using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace EventLoop.Executors.Work;

/// <summary>
/// Values on their way to another process. Raw ones are copied as they are in memory, because both sides are the same build; the others go through the
/// serializer. Values that may be null are preceded by a byte that says so.
/// </summary>
internal static class WorkValues
{
    private const byte Null = 0, NotNull = 1;

    internal static bool IsRaw<T>() => Raw<T>.Codec is not null;

    internal static void Write<T>(T value, IBufferWriter<byte> destination, IWorkSerializer serializer)
    {
        if (Raw<T>.Codec is { } raw)
        {
            raw.Write(value, destination);
        }
        else
        {
            serializer.Serialize(value, destination);
        }
    }

    internal static T Read<T>(ReadOnlySpan<byte> bytes, IWorkSerializer serializer) =>
        Raw<T>.Codec is { } raw ? raw.Read(bytes) : serializer.Deserialize<T>(bytes);

    private abstract class RawCodec<T>
    {
        internal abstract void Write(T value, IBufferWriter<byte> destination);

        internal abstract T Read(ReadOnlySpan<byte> bytes);
    }

    private static class Raw<T>
    {
        internal static readonly RawCodec<T>? Codec = (RawCodec<T>?)Find();

        [UnconditionalSuppressMessage("AOT", "IL3050", Justification = "Work is not named in native programs at all.")]
        [UnconditionalSuppressMessage("Trimming", "IL2055", Justification = "The codecs are named here and have constructors.")]
        [UnconditionalSuppressMessage("Trimming", "IL2076", Justification = "An element of a value type has its constructor.")]
        private static object? Find()
        {
            var type = typeof(T);
            if (type == typeof(string))
            {
                return new RawString();
            }

            if (type == typeof(ReadOnlyMemory<byte>))
            {
                return new RawMemory();
            }

            if (type.IsSZArray && IsUnmanaged(type.GetElementType()!))
            {
                return Activator.CreateInstance(typeof(RawArray<>).MakeGenericType(type.GetElementType()!));
            }

            return IsUnmanaged(type) ? new RawValue<T>() : null;
        }

        // A reference in it would be an address in this process.
        [UnconditionalSuppressMessage("AOT", "IL3050", Justification = "Work is not named in native programs at all.")]
        [UnconditionalSuppressMessage("Trimming", "IL2060", Justification = "The method asks for nothing of its type.")]
        private static bool IsUnmanaged(Type type) =>
            type.IsValueType && type != typeof(nint) && type != typeof(nuint) && !type.IsByRefLike
                && !(bool)HasReferences.MakeGenericMethod(type).Invoke(null, null)!;
    }

    private static readonly System.Reflection.MethodInfo HasReferences =
        typeof(RuntimeHelpers).GetMethod(nameof(RuntimeHelpers.IsReferenceOrContainsReferences))!;

    private sealed class RawValue<T> : RawCodec<T>
    {
        internal override void Write(T value, IBufferWriter<byte> destination)
        {
            int size = Unsafe.SizeOf<T>();
            Unsafe.WriteUnaligned(ref MemoryMarshal.GetReference(destination.GetSpan(size)), value);
            destination.Advance(size);
        }

        internal override T Read(ReadOnlySpan<byte> bytes) => bytes.Length == Unsafe.SizeOf<T>()
            ? Unsafe.ReadUnaligned<T>(ref MemoryMarshal.GetReference(bytes))
            : throw new InvalidDataException($"{bytes.Length} bytes came for a {typeof(T)}, which has {Unsafe.SizeOf<T>()}.");
    }

    private sealed class RawArray<T> : RawCodec<T[]?>
        where T : struct
    {
        internal override void Write(T[]? value, IBufferWriter<byte> destination) => WriteSpan<T>(value is null, value, destination);

        internal override T[]? Read(ReadOnlySpan<byte> bytes)
        {
            if (IsNull(ref bytes))
            {
                return null;
            }

            var array = GC.AllocateUninitializedArray<T>(bytes.Length / Unsafe.SizeOf<T>());
            bytes[..(array.Length * Unsafe.SizeOf<T>())].CopyTo(BytesOf(array.AsSpan()));
            return array;
        }
    }

    private sealed class RawString : RawCodec<string?>
    {
        internal override void Write(string? value, IBufferWriter<byte> destination) => WriteSpan<char>(value is null, value, destination);

        internal override string? Read(ReadOnlySpan<byte> bytes)
        {
            if (IsNull(ref bytes))
            {
                return null;
            }

            string text = new('\0', bytes.Length / sizeof(char));
            bytes.CopyTo(MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref MemoryMarshal.GetReference(text.AsSpan()), text.Length)));
            return text;
        }
    }

    private sealed class RawMemory : RawCodec<ReadOnlyMemory<byte>>
    {
        internal override void Write(ReadOnlyMemory<byte> value, IBufferWriter<byte> destination) => destination.Write(value.Span);

        internal override ReadOnlyMemory<byte> Read(ReadOnlySpan<byte> bytes) => bytes.ToArray();
    }

    private static void WriteSpan<T>(bool isNull, ReadOnlySpan<T> items, IBufferWriter<byte> destination)
        where T : struct
    {
        destination.GetSpan(1)[0] = isNull ? Null : NotNull;
        destination.Advance(1);
        destination.Write(BytesOf(items));
    }

    private static bool IsNull(ref ReadOnlySpan<byte> bytes)
    {
        bool isNull = bytes.IsEmpty || bytes[0] == Null;
        bytes = bytes.IsEmpty ? bytes : bytes[1..];
        return isNull;
    }

    // Not MemoryMarshal.AsBytes, which refuses what is not blittable in the sense of interop.
    private static Span<byte> BytesOf<T>(Span<T> items) =>
        MemoryMarshal.CreateSpan(ref Unsafe.As<T, byte>(ref MemoryMarshal.GetReference(items)), checked(items.Length * Unsafe.SizeOf<T>()));

    private static ReadOnlySpan<byte> BytesOf<T>(ReadOnlySpan<T> items) =>
        MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<T, byte>(ref MemoryMarshal.GetReference(items)), checked(items.Length * Unsafe.SizeOf<T>()));
}
