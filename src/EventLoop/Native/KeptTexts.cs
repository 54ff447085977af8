using System.Collections;
using System.Runtime.ConstrainedExecution;

namespace EventLoop.Native;

/// <summary>Strings as the system takes them, for more than one call: their memory lives as long as this object is kept alive. Any thread.</summary>
internal sealed unsafe class KeptTexts(IDictionary variables) : CriticalFinalizerObject
{
    private readonly NativeStrings texts = new(variables);

    ~KeptTexts() => texts.Dispose();

    internal byte** All => texts.All;
}
