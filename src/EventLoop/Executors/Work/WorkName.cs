using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using EventLoop.Reporting;

namespace EventLoop.Executors.Work;

/// <summary>
/// The name of a function that captures nothing, by which another process of the same build finds it: the assembly with its version and the identity of its
/// build, the method's token, and the type arguments.
/// </summary>
/// <param name="Assembly">The simple name of the assembly.</param>
/// <param name="Version">The assembly's version, for people.</param>
/// <param name="Build">The module version ID: another build has another one, and other tokens.</param>
/// <param name="Token">The method's token.</param>
/// <param name="Signature">The delegate's type, with its type arguments: values are sent as these types.</param>
/// <param name="TypeArguments">Those of the declaring type, then those of the method.</param>
/// <param name="Display">The name for people.</param>
internal sealed record WorkName(string Assembly, string Version, Guid Build, int Token, string Signature, string[] TypeArguments, string Display)
{
    private static readonly ConditionalWeakTable<Delegate, WorkName> Known = new();

    // Each function has one name, however many delegates of it there are: others number functions by their names. By words, which keep no assembly loaded.
    private static readonly ConcurrentDictionary<(Guid Build, int Token, string Signature, string TypeArguments), WorkName> Functions = new();

    /// <summary>Whether it is asynchronous, and so runs on a loop. Known where the name was made.</summary>
    internal bool IsAsynchronous { get; private init; }

    /// <exception cref="ArgumentException">The delegate captures something, or is in no assembly that another process can load; the message says
    /// what.</exception>
    /// <exception cref="PlatformNotSupportedException">This program is compiled to native code.</exception>
    internal static WorkName Of(Delegate work)
    {
        ArgumentNullException.ThrowIfNull(work);
        return Known.TryGetValue(work, out var name) ? name : Known.GetValue(work, Make);
    }

    [UnconditionalSuppressMessage("SingleFile", "IL3000", Justification = "One without a location counts as loaded from memory only in a context of its own.")]
    private static WorkName Make(Delegate work)
    {
        if (!RuntimeFeature.IsDynamicCodeSupported)
        {
            throw new PlatformNotSupportedException("A program that is compiled to native code knows no function by its name, so none can be run in another "
                + "process.");
        }

        if (!work.HasSingleTarget)
        {
            throw Refused("is several delegates in one", work);
        }

        var method = work.Method;
        if (method.DeclaringType is not { } type || method is not { MetadataToken: not 0 } || type.Assembly.IsDynamic
            || work.Target?.GetType().FullName == "System.Runtime.CompilerServices.Closure")
        {
            throw Refused("was made at run time and stands in no assembly that another process could load", work);
        }

        if (type.Assembly is { Location: "" } assembly && AssemblyLoadContext.GetLoadContext(assembly) is { } context && context != AssemblyLoadContext.Default)
        {
            throw Refused($"stands in '{assembly.GetName().Name}', which was loaded from memory: no other process could load it", work);
        }

        if (FindCaptured(work, method) is { } captured)
        {
            throw Refused($"captures {captured}, and nothing of this process's memory is there in another one. Make it static, and hand in what it needs as "
                + "its argument", work);
        }

        var module = method.Module;
        var arguments = type.GetGenericArguments().Concat(method.IsGenericMethod ? method.GetGenericArguments() : []);
        var name = new WorkName(
            type.Assembly.GetName().Name!,
            VersionOf(type.Assembly),
            module.ModuleVersionId,
            method.MetadataToken,
            NameOf(work.GetType()),
            [.. arguments.Select(NameOf)],
            DisplayOf(method)) { IsAsynchronous = IsAwaited(method.ReturnType) };
        return Functions.GetOrAdd((name.Build, name.Token, name.Signature, string.Join('\n', name.TypeArguments)), name);
    }

    private static bool IsAwaited(Type type) => type == typeof(Coroutine) || type == typeof(Task)
        || (type.IsGenericType && type.GetGenericTypeDefinition() is var generic && (generic == typeof(Coroutine<>) || generic == typeof(Task<>)));

    /// <summary>Finds the function, in a process that has it.</summary>
    /// <exception cref="WorkVersionException">This process has no such assembly, or another build of it.</exception>
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Programs that are trimmed keep what they send as work.")]
    [UnconditionalSuppressMessage("Trimming", "IL2057", Justification = "As above.")]
    [UnconditionalSuppressMessage("Trimming", "IL2060", Justification = "As above.")]
    [UnconditionalSuppressMessage("Trimming", "IL2055", Justification = "As above.")]
    [UnconditionalSuppressMessage("Trimming", "IL2072", Justification = "As above.")]
    [UnconditionalSuppressMessage("AOT", "IL3050", Justification = "Work is not named in native programs at all.")]
    internal Delegate Resolve()
    {
        Assembly assembly;
        try
        {
            assembly = System.Reflection.Assembly.Load(new AssemblyName(Assembly));
        }
        catch (Exception missing) when (missing is IOException or BadImageFormatException)
        {
            throw new WorkVersionException($"{Display} is in {Assembly} {Version}, which this process does not have.", missing);
        }

        if (assembly.ManifestModule.ModuleVersionId != Build)
        {
            throw new WorkVersionException(
                $"{Display} is in another version of the program: sent by {Assembly} {Version} (build {Build:N}), while this process runs {Assembly} "
                    + $"{VersionOf(assembly)} (build {assembly.ManifestModule.ModuleVersionId:N}).", null);
        }

        var arguments = Array.ConvertAll(TypeArguments, TypeOf);
        var method = (MethodInfo)assembly.ManifestModule.ResolveMethod(Token)!;
        var type = method.DeclaringType!;
        int ofType = type.GetGenericArguments().Length;
        if (ofType > 0)
        {
            type = type.MakeGenericType(arguments[..ofType]);
            method = (MethodInfo)MethodBase.GetMethodFromHandle(method.MethodHandle, type.TypeHandle)!;
        }

        if (arguments.Length > ofType)
        {
            method = method.MakeGenericMethod(arguments[ofType..]);
        }

        return Delegate.CreateDelegate(TypeOf(Signature), method.IsStatic ? null : RuntimeHelpers.GetUninitializedObject(type), method);
    }

    /// <summary>What the delegate captures, in words; null: nothing.</summary>
    [UnconditionalSuppressMessage("Trimming", "IL2075", Justification = "Fields of an object that is there are there.")]
    private static string? FindCaptured(Delegate work, MethodInfo method)
    {
        if (work.Target is not { } target)
        {
            return null;
        }

        if (method.IsStatic)
        {
            return "its first argument";
        }

        var type = target.GetType();
        if (!type.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false))
        {
            return "\"this\"";
        }

        var fields = type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic);
        return fields.Length == 0 ? null : string.Join(", ", fields.Select(static field => field.Name.Contains("__this", StringComparison.Ordinal) ? "\"this\""
            : field.Name.StartsWith('<') || field.Name.StartsWith("CS$", StringComparison.Ordinal) ? "variables of an outer block" : $"'{field.Name}'"));
    }

    private static ArgumentException Refused(string why, Delegate work) =>
        new($"Work for another process has to be a function that it can find by its name, and {DisplayOf(work.Method)} {why}.", nameof(work));

    private static string DisplayOf(MethodInfo method) =>
        method.DeclaringType is { } type
            ? $"{(type.IsNested && type.Name.StartsWith('<') ? type.DeclaringType!.Name : type.Name)}.{MethodNames.Readable(method.Name)}" : method.Name;

    private static string VersionOf(Assembly assembly) =>
        assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? assembly.GetName().Version?.ToString() ?? "0.0";

    private static string NameOf(Type type) =>
        type.AssemblyQualifiedName ?? throw new ArgumentException($"{type} has no name that another process knows.", nameof(type));

    [UnconditionalSuppressMessage("Trimming", "IL2057", Justification = "Programs that are trimmed keep what they send as work.")]
    private static Type TypeOf(string name)
    {
        try
        {
            return Type.GetType(name, throwOnError: true)!;
        }
        catch (Exception missing) when (missing is IOException or TypeLoadException or BadImageFormatException)
        {
            throw new WorkVersionException($"The type {name} is not there in this process.", missing);
        }
    }
}
