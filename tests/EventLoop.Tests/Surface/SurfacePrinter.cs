using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace EventLoop.Tests.Surface;

/// <summary>The public surface of an assembly as text: sorted, one line per member, close to C#.</summary>
internal static class SurfacePrinter
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<Type, string> Keywords = new()
    {
        [typeof(void)] = "void", [typeof(object)] = "object", [typeof(string)] = "string", [typeof(bool)] = "bool", [typeof(byte)] = "byte",
        [typeof(char)] = "char", [typeof(int)] = "int", [typeof(long)] = "long", [typeof(double)] = "double", [typeof(float)] = "float",
        [typeof(short)] = "short", [typeof(uint)] = "uint", [typeof(ulong)] = "ulong", [typeof(ushort)] = "ushort", [typeof(nint)] = "nint",
    };

    private static readonly Type[] ImpliedBases = [typeof(object), typeof(ValueType), typeof(Enum), typeof(MulticastDelegate)];

    private static readonly NullabilityInfoContext Nullability = new();

    public static string Print(Assembly assembly)
    {
        var text = new StringBuilder();
        foreach (Type type in assembly.GetExportedTypes().OrderBy(static type => FullName(type), StringComparer.Ordinal))
        {
            text.Append(Declaration(type)).Append('\n');
            foreach (string line in Members(type).Distinct().Order(StringComparer.Ordinal))
            {
                text.Append("    ").Append(line).Append('\n');
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    private static string Declaration(Type type)
    {
        IEnumerable<Type> inherited = type.GetInterfaces().Except(type.BaseType?.GetInterfaces() ?? []).Where(static i => i.IsVisible);
        if (type.BaseType is { } parent && !ImpliedBases.Contains(parent))
        {
            inherited = inherited.Prepend(parent);
        }

        string bases = type.IsEnum ? "" : string.Join(", ", inherited.Select(static i => Name(i)).Order(StringComparer.Ordinal));
        return $"{Kind(type)} {FullName(type)}{(bases.Length > 0 ? $" : {bases}" : "")}{Constraints(type.GetGenericArguments())}";
    }

    private static string Kind(Type type) => type switch
    {
        { IsEnum: true } => "enum",
        { IsInterface: true } => "interface",
        _ when typeof(Delegate).IsAssignableFrom(type) => "delegate",
        { IsValueType: true } => $"{(IsReadOnly(type) ? "readonly " : "")}{(type.IsByRefLike ? "ref " : "")}struct",
        { IsAbstract: true, IsSealed: true } => "static class",
        { IsAbstract: true } => "abstract class",
        { IsSealed: true } => "sealed class",
        _ => "class",
    };

    private static IEnumerable<string> Members(Type type)
    {
        if (type.IsEnum)
        {
            return Enum.GetNames(type).Select(name => $"{name} = {Convert.ToInt64(Enum.Parse(type, name))}");
        }

        return type.GetConstructors(Declared).Where(IsVisible).Select(Constructor)
            .Concat(type.GetFields(Declared).Where(static field => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly).Select(Field))
            .Concat(type.GetProperties(Declared).Select(Property).OfType<string>())
            .Concat(type.GetEvents(Declared).Where(static e => e.AddMethod is { } add && IsVisible(add)).Select(Event))
            .Concat(type.GetMethods(Declared).Where(static m => IsVisible(m) && !IsAccessor(m) && !IsCompilerGenerated(m)).Select(Method));
    }

    private static string Event(EventInfo declared) => $"event {Name(declared.EventHandlerType!)} {declared.Name}";

    private static string Constructor(ConstructorInfo constructor) =>
        $"{Access(constructor)}{BareName(constructor.DeclaringType!)}({Parameters(constructor)})";

    private static string Field(FieldInfo field)
    {
        string modifiers = (field.IsLiteral ? "const " : field.IsStatic ? "static " : "") + (field.IsInitOnly ? "readonly " : "");
        return $"{modifiers}{Name(field.FieldType, Nullability.Create(field))} {field.Name}";
    }

    private static string? Property(PropertyInfo property)
    {
        MethodInfo? getter = property.GetMethod is { } get && IsVisible(get) ? get : null;
        MethodInfo? setter = property.SetMethod is { } set && IsVisible(set) ? set : null;
        if ((getter ?? setter) is not { } accessor || IsCompilerGeneratedContract(property))
        {
            return null;
        }

        bool init = setter?.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) == true;
        string index = string.Join(", ", property.GetIndexParameters().Select(static p => $"{Name(p.ParameterType)} {p.Name}"));
        string name = property.Name + (index.Length > 0 ? $"[{index}]" : "");
        string accessors = (getter is null ? "" : "get; ") + (setter is null ? "" : init ? "init; " : "set; ");
        return $"{Access(accessor)}{Modifiers(accessor)}{Name(property.PropertyType, Nullability.Create(property))} {name} {{ {accessors}}}";
    }

    private static string Method(MethodInfo method)
    {
        string generic = method.IsGenericMethodDefinition ? $"<{string.Join(", ", method.GetGenericArguments().Select(static t => t.Name))}>" : "";
        int priority = method.GetCustomAttribute<OverloadResolutionPriorityAttribute>()?.Priority ?? 0;
        string result = Name(method.ReturnType, Nullability.Create(method.ReturnParameter));
        string suffix = Constraints(method.GetGenericArguments()) + (priority != 0 ? $"  // priority {priority}" : "");
        return $"{Access(method)}{Modifiers(method)}{result} {method.Name}{generic}({Parameters(method)}){suffix}";
    }

    private static string Parameters(MethodBase method)
    {
        IEnumerable<string> parameters = method.GetParameters().Select(static parameter =>
        {
            bool isParams = parameter.IsDefined(typeof(ParamArrayAttribute)) || parameter.IsDefined(typeof(ParamCollectionAttribute));
            string direction = isParams ? "params " : parameter.IsOut ? "out " : parameter.ParameterType.IsByRef ? (parameter.IsIn ? "in " : "ref ") : "";
            string defaultValue = parameter.HasDefaultValue ? $" = {Literal(parameter)}" : "";
            return $"{direction}{Name(parameter.ParameterType, Nullability.Create(parameter))} {parameter.Name}{defaultValue}";
        });
        return (method.IsDefined(typeof(ExtensionAttribute)) ? "this " : "") + string.Join(", ", parameters);
    }

    private static string Literal(ParameterInfo parameter) => parameter.DefaultValue switch
    {
        null => parameter.ParameterType.IsValueType && Nullable.GetUnderlyingType(parameter.ParameterType) is null ? "default" : "null",
        bool value => value ? "true" : "false",
        string value => $"\"{value}\"",
        { } value => value.ToString()!,
    };

    private static string Constraints(Type[] arguments)
    {
        var text = new StringBuilder();
        foreach (Type argument in arguments.Where(static a => a.IsGenericParameter))
        {
            List<string> parts = [];
            GenericParameterAttributes attributes = argument.GenericParameterAttributes;
            if (attributes.HasFlag(GenericParameterAttributes.NotNullableValueTypeConstraint))
            {
                parts.Add("struct");
            }
            else if (attributes.HasFlag(GenericParameterAttributes.ReferenceTypeConstraint))
            {
                parts.Add("class");
            }

            parts.AddRange(argument.GetGenericParameterConstraints().Where(static c => c != typeof(ValueType)).Select(static c => Name(c)));
            if (parts.Count > 0)
            {
                text.Append($" where {argument.Name} : {string.Join(", ", parts)}");
            }
        }

        return text.ToString();
    }

    private static string Name(Type type, NullabilityInfo? nullability = null)
    {
        if (type.IsByRef || type.IsPointer)
        {
            return Name(type.GetElementType()!, nullability?.ElementType) + (type.IsPointer ? "*" : "");
        }

        bool nullable = nullability is { ReadState: NullabilityState.Nullable } or { WriteState: NullabilityState.Nullable };
        string mark = nullable && !type.IsValueType ? "?" : "";
        if (Nullable.GetUnderlyingType(type) is { } underlying)
        {
            return Name(underlying) + "?";
        }

        if (type.IsArray)
        {
            return $"{Name(type.GetElementType()!, nullability?.ElementType)}[]{mark}";
        }

        if (type.IsGenericType && type.FullName?.StartsWith("System.ValueTuple`", StringComparison.Ordinal) == true)
        {
            return $"({string.Join(", ", type.GetGenericArguments().Select(static t => Name(t)))})";
        }

        string name = Keywords.TryGetValue(type, out string? keyword) ? keyword : BareName(type);
        if (type.IsGenericType)
        {
            Type[] arguments = type.GetGenericArguments();
            NullabilityInfo[] inner = nullability?.GenericTypeArguments ?? [];
            name += $"<{string.Join(", ", arguments.Select((argument, i) => Name(argument, i < inner.Length ? inner[i] : null)))}>";
        }

        return name + mark;
    }

    private static string BareName(Type type)
    {
        int tick = type.Name.IndexOf('`');
        return (type.IsNested && !type.IsGenericParameter ? BareName(type.DeclaringType!) + "." : "") + (tick < 0 ? type.Name : type.Name[..tick]);
    }

    private static string FullName(Type type)
    {
        string arguments = string.Join(", ", type.IsGenericTypeDefinition ? type.GetGenericArguments().Select(static t => t.Name) : []);
        return $"{type.Namespace}.{BareName(type)}{(arguments.Length > 0 ? $"<{arguments}>" : "")}";
    }

    private static string Access(MethodBase method) => method.IsFamily || method.IsFamilyOrAssembly ? "protected " : "";

    private static string Modifiers(MethodInfo method)
    {
        if (method.IsStatic)
        {
            return "static ";
        }

        if (method.DeclaringType!.IsInterface || !method.IsVirtual)
        {
            return "";
        }

        bool overrides = method.GetBaseDefinition() != method;
        return method.IsAbstract ? "abstract " : overrides ? "override " : method.IsFinal ? "" : "virtual ";
    }

    private static bool IsVisible(MethodBase method) =>
        method.IsPublic || ((method.IsFamily || method.IsFamilyOrAssembly) && !method.DeclaringType!.IsSealed);

    private static bool IsAccessor(MethodInfo method) => method.IsSpecialName && !method.Name.StartsWith("op_", StringComparison.Ordinal);

    /// <summary>What the compiler writes for records: no decision of anybody.</summary>
    private static bool IsCompilerGenerated(MethodInfo method) => method.IsDefined(typeof(CompilerGeneratedAttribute)) && !method.IsSpecialName;

    private static bool IsCompilerGeneratedContract(PropertyInfo property) => property.Name == "EqualityContract";

    private static bool IsReadOnly(Type type) => type.IsDefined(typeof(IsReadOnlyAttribute));
}
