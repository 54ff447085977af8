using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace EventLoop.AspNetCore.Results;

/// <summary>Results of handlers that are async sequences.</summary>
internal static class StayingResults
{
    private static readonly ConcurrentDictionary<Type, Func<object, object>?> Wraps = new();
    private static readonly MethodInfo Generic = typeof(StayingResults).GetMethod(nameof(WrapItems), BindingFlags.NonPublic | BindingFlags.Static)!;

    /// <summary>Wraps an async sequence so that it is produced on the loop; returns anything else unchanged, and where code cannot be made at run time,
    /// everything.</summary>
    internal static object? Wrap(object? value) => value is null ? null : Wraps.GetOrAdd(value.GetType(), Find) is { } wrap ? wrap(value) : value;

    /// <summary>Whether a handler that is declared this way may return an async sequence.</summary>
    internal static bool MayBeItems(Type declared) => IsItems(declared)
        || (declared.IsGenericType && (declared.GetGenericTypeDefinition() == typeof(Task<>) || declared.GetGenericTypeDefinition() == typeof(ValueTask<>))
            && MayBeItems(declared.GetGenericArguments()[0]));

    private static bool IsItems(Type type) => ItemOf(type) is not null;

    private static Type? ItemOf(Type type) => (type.IsInterface ? [type, .. type.GetInterfaces()] : type.GetInterfaces())
        .FirstOrDefault(static candidate =>
            candidate.IsGenericType && candidate.GetGenericTypeDefinition() == typeof(IAsyncEnumerable<>))?.GetGenericArguments()[0];

    private static Func<object, object>? Find(Type type) =>
        RuntimeFeature.IsDynamicCodeSupported && ItemOf(type) is { } item ? Generic.MakeGenericMethod(item).CreateDelegate<Func<object, object>>() : null;

    private static object WrapItems<T>(object items) => ((IAsyncEnumerable<T>)items).OnLoop();
}
