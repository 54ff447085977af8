using System.Collections;
using System.Runtime.InteropServices;
using System.Text;

namespace EventLoop.Native;

/// <summary>Strings as the system takes them: in UTF-8, each terminated by a zero, in an array of pointers that ends with null.</summary>
internal readonly unsafe struct NativeStrings : IDisposable
{
    private readonly byte** all;

    internal NativeStrings(IReadOnlyList<string> texts)
    {
        nuint room = (nuint)(texts.Count + 1) * (nuint)sizeof(byte*);
        foreach (string text in texts)
        {
            room += (nuint)Encoding.UTF8.GetByteCount(text) + 1;
        }

        all = (byte**)NativeMemory.Alloc(room);
        byte* at = (byte*)(all + texts.Count + 1);
        for (int i = 0; i < texts.Count; i++)
        {
            all[i] = at;
            int most = Encoding.UTF8.GetByteCount(texts[i]);
            at += Encoding.UTF8.GetBytes(texts[i], new Span<byte>(at, most));
            *at++ = 0;
        }

        all[texts.Count] = null;
    }

    /// <summary>The variables of an environment, each as <c>name=value</c>.</summary>
    internal NativeStrings(IDictionary variables)
    {
        nuint room = (nuint)(variables.Count + 1) * (nuint)sizeof(byte*);
        for (var each = variables.GetEnumerator(); each.MoveNext();)
        {
            room += (nuint)Encoding.UTF8.GetByteCount((string)each.Key) + (nuint)Encoding.UTF8.GetByteCount((string)each.Value!) + 2;
        }

        all = (byte**)NativeMemory.Alloc(room);
        byte* at = (byte*)(all + variables.Count + 1), end = (byte*)all + room;
        int i = 0;
        for (var each = variables.GetEnumerator(); each.MoveNext();)
        {
            all[i++] = at;
            at += Encoding.UTF8.GetBytes((string)each.Key, new Span<byte>(at, (int)(end - at)));
            *at++ = (byte)'=';
            at += Encoding.UTF8.GetBytes((string)each.Value!, new Span<byte>(at, (int)(end - at)));
            *at++ = 0;
        }

        all[i] = null;
    }

    internal byte** All => all;

    internal byte* First => all[0];

    public void Dispose() => NativeMemory.Free(all);
}
