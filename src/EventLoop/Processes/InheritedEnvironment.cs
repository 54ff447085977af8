using System.Collections;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using EventLoop.Native;
using EventLoop.Scheduling;

namespace EventLoop.Processes;

/// <summary>
/// This process's environment as <see cref="Environment"/> shows it, in the form that the system takes. .NET allocates ten kilobytes of strings and more at
/// each look at it; here the runtime's own block, from which those strings are made, is compared with the previous one, and strings are made only if it
/// differs.
/// </summary>
/// <remarks>Immutable; any thread.</remarks>
internal sealed unsafe class InheritedEnvironment
{
    private const BindingFlags Hidden = BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public;

    // CoreCLR keeps .NET's environment in a block of its own. Elsewhere (NativeAOT) there is none, and each look uses the public API.
    private static readonly delegate*<char*> Copy;
    private static readonly delegate*<char*, int> Free;

    private static InheritedEnvironment? last;      // any thread; replaced as a whole

    private readonly char[] seen;

    static InheritedEnvironment()
    {
        if (!RuntimeFeature.IsDynamicCodeSupported
            || !RuntimeTricks.MayCompareEnvironments
            || typeof(Environment).GetField("s_environ", Hidden) is not null      // the variables would not be in the block
            || Type.GetType("Interop+Kernel32, System.Private.CoreLib") is not { } calls
            || calls.GetMethod("GetEnvironmentStringsW", Hidden, []) is not { } copy || copy.ReturnType != typeof(char*)
            || calls.GetMethod("FreeEnvironmentStringsW", Hidden, [typeof(char*)]) is not { } free)
        {
            return;
        }

        Copy = (delegate*<char*>)copy.MethodHandle.GetFunctionPointer();
        Free = (delegate*<char*, int>)free.MethodHandle.GetFunctionPointer();
        if (!ShowsChanges())
        {
            Copy = null;
        }
    }

    private InheritedEnvironment(IDictionary variables, char[] seen)
    {
        this.seen = seen;
        SearchPath = (string?)variables["PATH"];
        Texts = new KeptTexts(variables);
    }

    /// <summary>The value of PATH; null: it is not set.</summary>
    internal string? SearchPath { get; }

    internal KeptTexts Texts { get; }

    /// <summary>The environment at this moment; null: on this runtime only the public API shows it.</summary>
    internal static InheritedEnvironment? Take()
    {
        if (Copy is null)
        {
            return null;
        }

        var known = Volatile.Read(ref last);
        if (known is not null && IsNow(known.seen))
        {
            return known;
        }

        char[] before = Now();
        var taken = new InheritedEnvironment(Environment.GetEnvironmentVariables(), before);
        if (IsNow(before))      // unchanged in between
        {
            Volatile.Write(ref last, taken);
        }

        return taken;
    }

    // The probe: a variable that is set by the public API comes into the block, and leaves it when it is removed.
    private static bool ShowsChanges()
    {
        string name = $"EVENTLOOP_PROBE_{Guid.NewGuid():N}";
        Environment.SetEnvironmentVariable(name, "1");
        bool isShown = Shows(name);
        Environment.SetEnvironmentVariable(name, null);
        return isShown && !Shows(name);

        static bool Shows(string name) => Now().AsSpan().IndexOf($"{name}=1") >= 0;
    }

    private static char[] Now()
    {
        char* block = Copy();
        try
        {
            return block is null ? [] : TextOf(block).ToArray();
        }
        finally
        {
            _ = Free(block);
        }
    }

    private static bool IsNow(char[] text)
    {
        char* block = Copy();
        try
        {
            return block is not null && text.Length > 0 && TextOf(block).SequenceEqual(text);
        }
        finally
        {
            _ = Free(block);
        }
    }

    // Each variable ends with a zero, and the list with another one.
    private static ReadOnlySpan<char> TextOf(char* block)
    {
        int length = 0;
        while (block[length] != 0)
        {
            length += MemoryMarshal.CreateReadOnlySpanFromNullTerminated(block + length).Length + 1;
        }

        return new(block, length);
    }
}
